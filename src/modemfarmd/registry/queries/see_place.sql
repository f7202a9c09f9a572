-- One observation of where a modem is, as see_bearer.sql.
UPDATE locations SET until = %(at)s
WHERE serial = %(serial)s AND until IS NULL AND since <= %(at)s
  AND CASE WHEN %(usb_path)s::text IS NULL THEN host = %(host)s
           ELSE (host, usb_path) <> (%(host)s, %(usb_path)s) END;
INSERT INTO locations (host, serial, usb_path, since)
SELECT %(host)s, %(serial)s, %(usb_path)s, %(at)s
WHERE %(usb_path)s::text IS NOT NULL
  AND NOT EXISTS (SELECT FROM locations
                  WHERE serial = %(serial)s AND (until IS NULL OR until > %(at)s))
