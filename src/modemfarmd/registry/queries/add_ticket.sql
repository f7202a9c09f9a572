WITH late AS (DELETE FROM tickets WHERE expires_at <= %(now)s)
INSERT INTO tickets (hash, session, program, until, expires_at)
VALUES (%(hash)s, %(session)s, %(program)s, %(until)s, %(expires)s)
