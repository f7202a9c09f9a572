UPDATE sessions SET ended_at = now(), ended_why = %(why)s
WHERE user_id = %(user)s AND ended_at IS NULL
RETURNING id
