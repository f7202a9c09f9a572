-- Role and modems are the account's of now: what an admin takes away is gone at once.
SELECT users.id AS user_id, users.name, users.role, users.modems, sessions.expires_at
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.id = %(id)s AND sessions.ended_at IS NULL AND sessions.expires_at > %(now)s
  AND users.enabled
