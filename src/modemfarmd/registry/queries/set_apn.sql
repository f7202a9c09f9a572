UPDATE modems SET apn = %(apn)s, changed_at = now()
WHERE host = %(host)s AND serial = %(serial)s
