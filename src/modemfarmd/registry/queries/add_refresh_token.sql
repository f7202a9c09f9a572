INSERT INTO refresh_tokens (hash, session) VALUES (%(hash)s, %(session)s)
