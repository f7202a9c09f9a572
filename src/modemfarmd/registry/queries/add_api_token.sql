INSERT INTO api_tokens (id, name, hash, role, modems, created_by, expires_at)
VALUES (%(id)s, %(name)s, %(hash)s, %(role)s, %(modems)s::text[], %(by)s, %(expires)s)
RETURNING name, role, modems, created_by, created_at, expires_at, revoked_at
