-- Signal, operator and registration as the modem told them at the last check.
UPDATE modems SET
    signal = %(signal)s,
    operator = %(operator)s,
    registration = %(registration)s,
    last_seen = now()
WHERE serial = %(serial)s AND host = %(host)s
