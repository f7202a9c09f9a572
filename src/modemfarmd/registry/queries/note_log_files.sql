-- Gives the names that are new: their rows are to be written, in this same transaction.
INSERT INTO modem_log_files (host, name)
SELECT %(host)s, unnest(%(names)s::text[])
ON CONFLICT DO NOTHING
RETURNING name
