UPDATE modems SET policy = %(policy)s, changed_at = now()
WHERE serial = %(serial)s AND host = %(host)s
RETURNING serial
