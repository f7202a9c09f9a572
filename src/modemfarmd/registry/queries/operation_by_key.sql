SELECT id, host, actor, action, serial, correlation, state, request, result, problem, began_at, ended_at, fingerprint
FROM operations WHERE actor = %(actor)s AND key = %(key)s
