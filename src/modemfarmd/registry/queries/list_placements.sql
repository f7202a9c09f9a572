SELECT serial, host, slot, apn, present
FROM modems
WHERE host = %(host)s OR serial = ANY (%(serials)s)
ORDER BY serial
