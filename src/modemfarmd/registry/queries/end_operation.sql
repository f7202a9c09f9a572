UPDATE operations SET
    state = %(state)s, result = %(result)s, problem = %(problem)s, ended_at = now()
WHERE id = %(id)s AND state = 'running'
RETURNING id, host, actor, action, serial, correlation, state, request, result, problem, began_at, ended_at
