-- The newest rows; each condition is left out by NULL. `after` is the id of the last row seen.
SELECT id, serial, at, channel, actor, correlation, command, answer, outcome, milliseconds
FROM modem_logs
WHERE (%(serial)s::text IS NULL OR serial = %(serial)s)
  AND (%(correlation)s::text IS NULL OR correlation = %(correlation)s)
  AND (%(channel)s::text IS NULL OR channel = %(channel)s)
  AND (%(after)s::bigint IS NULL OR id > %(after)s)
ORDER BY at DESC, id DESC
LIMIT %(limit)s
