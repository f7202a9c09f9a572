-- The newest rows of one modem, as browse_events.sql.
SELECT id, serial, at, channel, actor, correlation, command, answer, outcome, milliseconds
FROM modem_logs
WHERE serial = %(serial)s
  AND (%(channel)s::text IS NULL OR channel = %(channel)s)
  AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)
  AND (%(correlation)s::text IS NULL OR correlation = %(correlation)s)
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
  AND (%(at)s::timestamptz IS NULL OR (at, id) < (%(at)s, %(before)s))
ORDER BY at DESC, id DESC
LIMIT %(limit)s
