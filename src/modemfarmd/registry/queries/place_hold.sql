-- A new hold of a modem takes the place of the open one. The same hold again adds nothing.
UPDATE holds SET released_at = least(until, now())
WHERE host = %(host)s AND serial = %(serial)s AND released_at IS NULL
  AND (until, placed_by, reason) <> (%(until)s, %(by)s, %(reason)s);
INSERT INTO holds (host, serial, until, placed_by, reason)
VALUES (%(host)s, %(serial)s, %(until)s, %(by)s, %(reason)s)
ON CONFLICT (host, serial) WHERE released_at IS NULL DO NOTHING
