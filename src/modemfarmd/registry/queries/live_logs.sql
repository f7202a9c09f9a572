-- As live_events.sql.
SELECT id, serial, at, channel, actor, correlation, command, answer, outcome, milliseconds
FROM modem_logs
WHERE id > %(after)s OR id = ANY (%(missed)s::bigint[])
ORDER BY id
LIMIT %(limit)s
