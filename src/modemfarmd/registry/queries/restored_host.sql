-- The modems of a host become another's, with what is still going on.
WITH held AS (
    UPDATE holds SET host = %(host)s WHERE host = %(old)s AND released_at IS NULL
), sim AS (
    UPDATE sims SET host = %(host)s WHERE host = %(old)s AND until IS NULL
)
UPDATE modems SET host = %(host)s, proxy_port = %(port_base)s + slot WHERE host = %(old)s
RETURNING serial, slot
