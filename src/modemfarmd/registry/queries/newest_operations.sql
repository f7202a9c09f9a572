-- The newest actions that were asked for by API, of the modems that may be seen.
SELECT id, actor, action, serial, state, request, problem, began_at, ended_at
FROM operations
WHERE (%(scope)s::text[] IS NULL OR serial = ANY (%(scope)s::text[]))
ORDER BY began_at DESC
LIMIT %(limit)s
