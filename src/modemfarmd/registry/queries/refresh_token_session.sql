SELECT session FROM refresh_tokens WHERE hash = %(hash)s
