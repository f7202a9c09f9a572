SELECT id, name, role, modems, enabled, created_at, changed_at FROM users ORDER BY name
