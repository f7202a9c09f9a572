SELECT serial, day, down, up
FROM volumes
WHERE host = %(host)s AND day >= %(since)s
ORDER BY day, serial
