SELECT serial, at, level, direction, command, response
FROM modem_logs
WHERE serial = %(serial)s
ORDER BY at DESC, id DESC
LIMIT %(limit)s
