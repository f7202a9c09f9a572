SELECT serial, at, rssi_dbm, rsrp_dbm, rsrq_db, sinr_db, registration, operator
FROM signal_samples
WHERE serial = %(serial)s AND at >= %(since)s
ORDER BY at
