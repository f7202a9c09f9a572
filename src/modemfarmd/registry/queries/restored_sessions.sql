UPDATE sessions SET ended_at = now(), ended_why = 'restored' WHERE ended_at IS NULL RETURNING id
