SELECT at, host, serial, kind, detail
FROM events
WHERE host = %(host)s AND (%(serial)s::text IS NULL OR serial = %(serial)s)
ORDER BY at DESC, id DESC
LIMIT %(limit)s
