DELETE FROM modems WHERE serial = %(serial)s AND host = %(host)s RETURNING slot
