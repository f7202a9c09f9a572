INSERT INTO users (name, password_hash, role, modems)
VALUES (%(name)s, %(password_hash)s, %(role)s, %(modems)s::text[])
RETURNING id, name, role, modems, enabled, created_at, changed_at
