-- The newest numbers given.
SELECT (SELECT coalesce(max(id), 0) FROM events) AS events,
       (SELECT coalesce(max(id), 0) FROM modem_logs) AS logs
