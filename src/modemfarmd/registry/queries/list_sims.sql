SELECT serial, iccid, imsi, since, until
FROM sims
WHERE serial = %(serial)s
ORDER BY since DESC, id DESC
LIMIT %(limit)s
