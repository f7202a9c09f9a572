-- A file that is no longer there cannot come twice.
DELETE FROM modem_log_files WHERE host = %(host)s AND name <> ALL (%(there)s::text[])
