-- Those that came after a number, and those with lower numbers whose commit came late.
SELECT id, at, host, serial, kind, detail
FROM events
WHERE id > %(after)s OR id = ANY (%(missed)s::bigint[])
ORDER BY id
LIMIT %(limit)s
