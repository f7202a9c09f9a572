UPDATE modems SET quota = %(quota)s
WHERE serial = %(serial)s AND host = %(host)s AND quota IS DISTINCT FROM %(quota)s
