INSERT INTO modem_logs
    (serial, at, channel, command, answer, outcome, milliseconds, actor, correlation)
VALUES %s
