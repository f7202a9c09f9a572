INSERT INTO login_failures (key, failures, last_at) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE SET
    failures = CASE
        WHEN login_failures.last_at < %(now)s - make_interval(secs => %(window)s) THEN 1
        ELSE login_failures.failures + 1 END,
    last_at = excluded.last_at
RETURNING failures
