DELETE FROM login_failures
WHERE last_at < %(before)s AND (locked_until IS NULL OR locked_until < %(before)s)
