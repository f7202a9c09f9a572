-- Mean signal by modem and span of `bucket` seconds.
SELECT serial, floor(extract(epoch FROM at) / %(bucket)s)::bigint AS bucket,
       avg(rssi_dbm)::real AS mean
FROM signal_samples
WHERE at >= %(since)s AND rssi_dbm IS NOT NULL
GROUP BY serial, 2
