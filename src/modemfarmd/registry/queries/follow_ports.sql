-- The ports follow a new base; the constraint is looked at when all rows have their new port.
UPDATE modems SET proxy_port = %(port_base)s + slot, changed_at = now()
WHERE host = %(host)s AND proxy_port <> %(port_base)s + slot
RETURNING serial
