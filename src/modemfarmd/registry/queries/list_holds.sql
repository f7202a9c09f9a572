SELECT host, serial, until, placed_by, reason, placed_at, released_at, released_by
FROM holds
WHERE host = %(host)s AND (%(serial)s::text IS NULL OR serial = %(serial)s)
ORDER BY placed_at DESC, id DESC
LIMIT %(limit)s
