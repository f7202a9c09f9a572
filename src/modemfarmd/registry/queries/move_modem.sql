UPDATE modems SET slot = %(slot)s, proxy_port = %(port_base)s + %(slot)s, changed_at = now()
WHERE host = %(host)s AND serial = %(serial)s
