UPDATE operations SET state = 'unknown', ended_at = now()
WHERE host = %(host)s AND state = 'running'
RETURNING id, host, actor, action, serial, correlation, state, request, result, problem, began_at, ended_at
