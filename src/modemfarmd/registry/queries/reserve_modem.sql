-- A modem that nobody has seen here yet: its slot and port wait for it.
INSERT INTO modems (serial, host, slot, proxy_port, apn, reason, remedy)
VALUES (%(serial)s, %(host)s, %(slot)s, %(port_base)s + %(slot)s, %(apn)s,
        'imported, never seen here', 'plug the modem in')
