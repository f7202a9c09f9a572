-- Each modem as measured last. A sample that is older than a day is no measurement any more.
SELECT modems.serial, modems.host, modems.slot, modems.proxy_port, status, state, present, modems.operator, model,
       sample.at AS sampled_at, rssi_dbm, rsrp_dbm, rsrq_db, sinr_db, bearers.since AS wan_since,
       EXISTS (SELECT FROM holds WHERE holds.host = modems.host AND holds.serial = modems.serial
                   AND released_at IS NULL AND holds.until > now()) AS held
FROM modems
LEFT JOIN LATERAL (
    SELECT at, rssi_dbm, rsrp_dbm, rsrq_db, sinr_db FROM signal_samples
    WHERE signal_samples.serial = modems.serial AND at > now() - interval '1 day'
    ORDER BY at DESC LIMIT 1
) AS sample ON true
LEFT JOIN bearers ON bearers.serial = modems.serial AND bearers.until IS NULL
    AND bearers.address = wan_address
ORDER BY modems.host, modems.slot
