-- The newest events; each condition is left out by NULL. `before` and `at` are of the last row seen.
SELECT id, at, host, serial, kind, detail
FROM events
WHERE (%(scope)s::text[] IS NULL OR serial = ANY (%(scope)s::text[]))
  AND (%(serial)s::text IS NULL OR serial = %(serial)s)
  AND (%(host)s::text IS NULL OR host = %(host)s)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
  AND (%(at)s::timestamptz IS NULL OR (at, id) < (%(at)s, %(before)s))
ORDER BY at DESC, id DESC
LIMIT %(limit)s
