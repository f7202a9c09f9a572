SELECT id, host, actor, action, serial, correlation, state, request, result, problem, began_at, ended_at
FROM operations WHERE id = %(id)s
