SELECT id, password_hash, role, modems FROM users WHERE name = %(name)s AND enabled
