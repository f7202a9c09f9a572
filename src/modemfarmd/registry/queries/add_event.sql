INSERT INTO events (at, host, serial, kind, detail)
VALUES (%(at)s, %(host)s, %(serial)s, %(kind)s, %(detail)s)
