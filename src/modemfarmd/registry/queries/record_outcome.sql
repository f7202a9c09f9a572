-- What an apply run, or a probe, found for one modem. Not for the columns that observation owns.
UPDATE modems SET
    status = %(status)s,
    state = %(state)s,
    reason = %(reason)s,
    remedy = %(remedy)s,
    interface = coalesce(%(interface)s, interface),
    wan_address = %(wan_address)s,
    last_seen = CASE WHEN %(status)s = 'online' THEN now() ELSE last_seen END,
    changed_at = CASE WHEN state = %(state)s THEN changed_at ELSE now() END
WHERE serial = %(serial)s AND host = %(host)s
