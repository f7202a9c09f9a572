WITH place AS (
    UPDATE locations SET until = greatest(since, now())
    WHERE until IS NULL AND host = ANY(%(hosts)s)
)
UPDATE bearers SET until = greatest(since, now())
WHERE until IS NULL AND host = ANY(%(hosts)s)
RETURNING id
