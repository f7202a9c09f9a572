-- One observation of a modem's bearer: ends the open span when it is another, begins a new one.
-- Nothing for one seen before, nor for one that is older than what is known.
UPDATE bearers SET until = %(at)s
WHERE serial = %(serial)s AND until IS NULL AND since <= %(at)s
  AND CASE WHEN %(address)s::inet IS NULL THEN host = %(host)s
           ELSE (host, interface, address) <> (%(host)s, %(interface)s, %(address)s::inet) END;
INSERT INTO bearers (host, serial, interface, address, since, slot, proxy_port)
SELECT %(host)s, %(serial)s, %(interface)s, %(address)s::inet, %(at)s, slot, proxy_port
FROM (VALUES (true)) AS always
LEFT JOIN modems ON modems.serial = %(serial)s AND modems.host = %(host)s
WHERE %(address)s::inet IS NOT NULL
  AND NOT EXISTS (SELECT FROM bearers
                  WHERE serial = %(serial)s AND (until IS NULL OR until > %(at)s))
