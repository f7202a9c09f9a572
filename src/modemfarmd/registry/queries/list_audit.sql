-- The newest rows; each condition is left out by NULL. `before` is the id of the last row seen.
SELECT id, at, actor, address, action, serial, outcome, correlation, detail
FROM audit
WHERE (%(before)s::bigint IS NULL OR id < %(before)s)
  AND (%(actor)s::text IS NULL OR actor = %(actor)s)
  AND (%(serial)s::text IS NULL OR serial = %(serial)s)
  AND (%(action)s::text IS NULL OR action = %(action)s)
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
ORDER BY id DESC
LIMIT %(limit)s
