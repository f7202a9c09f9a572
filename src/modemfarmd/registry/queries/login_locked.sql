SELECT max(locked_until) AS until FROM login_failures
WHERE key = ANY (%(keys)s::text[]) AND locked_until > %(now)s
