-- Those with these ids, or without ids the newest.
SELECT id, host, actor, action, serial, correlation, state, request, result, problem, began_at, ended_at
FROM operations
WHERE %(ids)s::text[] IS NULL OR id = ANY (%(ids)s::text[])
ORDER BY began_at DESC
LIMIT %(limit)s
