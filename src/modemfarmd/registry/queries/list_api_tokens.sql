SELECT name, role, modems, created_by, created_at, expires_at, revoked_at FROM api_tokens
ORDER BY created_at DESC, id
