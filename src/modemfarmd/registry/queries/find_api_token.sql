SELECT name, hash, role, modems, expires_at FROM api_tokens
WHERE id = %(id)s AND revoked_at IS NULL
