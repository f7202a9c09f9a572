-- Which of these log-ins and API tokens count now, with the rights of now.
SELECT sessions.id, users.role, users.modems
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.id = ANY (%(sessions)s::text[]) AND sessions.ended_at IS NULL
  AND sessions.expires_at > %(now)s AND users.enabled
UNION ALL
SELECT id, role, modems
FROM api_tokens
WHERE id = ANY (%(programs)s::text[]) AND revoked_at IS NULL AND expires_at > %(now)s
