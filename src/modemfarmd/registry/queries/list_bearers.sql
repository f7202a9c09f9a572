SELECT serial, interface, host(address) AS address, since, until
FROM bearers
WHERE serial = %(serial)s
ORDER BY since DESC, id DESC
LIMIT %(limit)s
