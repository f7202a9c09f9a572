-- Of two at once one waits for the other, and then finds it used.
UPDATE refresh_tokens SET used_at = now() WHERE hash = %(hash)s AND used_at IS NULL
RETURNING session
