SELECT serial, usb_path, since, until
FROM locations
WHERE serial = %(serial)s
ORDER BY since DESC, id DESC
LIMIT %(limit)s
