-- One that has ended by itself stays as it is: nobody released it.
UPDATE holds SET released_at = now(), released_by = %(by)s
WHERE host = %(host)s AND serial = %(serial)s AND released_at IS NULL AND until > now()
RETURNING id
