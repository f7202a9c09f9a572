DELETE FROM tickets WHERE hash = %(hash)s
RETURNING session, program, until, expires_at
