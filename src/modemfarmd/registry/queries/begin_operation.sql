INSERT INTO operations (id, host, actor, action, serial, key, fingerprint, correlation, request)
VALUES (%(id)s, %(host)s, %(actor)s, %(action)s, %(serial)s, %(key)s, %(fingerprint)s,
        %(correlation)s, %(request)s)
ON CONFLICT ON CONSTRAINT operations_once DO NOTHING
RETURNING id, host, actor, action, serial, correlation, state, request, result, problem, began_at, ended_at
