INSERT INTO signal_samples
    (serial, at, host, rssi_dbm, rsrp_dbm, rsrq_db, sinr_db, registration, operator)
VALUES %s
ON CONFLICT (serial, at) DO NOTHING
