INSERT INTO sessions (id, user_id, address, expires_at)
VALUES (%(id)s, %(user)s, %(address)s, %(expires)s)
