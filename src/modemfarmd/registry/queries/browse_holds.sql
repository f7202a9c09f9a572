-- The newest holds, ended ones too, as browse_events.sql.
SELECT id, host, serial, until, placed_by, reason, placed_at AS at, released_at, released_by
FROM holds
WHERE (%(scope)s::text[] IS NULL OR serial = ANY (%(scope)s::text[]))
  AND (%(serial)s::text IS NULL OR serial = %(serial)s)
  AND (NOT %(active)s OR (released_at IS NULL AND until > now()))
  AND (%(at)s::timestamptz IS NULL OR (placed_at, id) < (%(at)s, %(before)s))
ORDER BY placed_at DESC, id DESC
LIMIT %(limit)s
