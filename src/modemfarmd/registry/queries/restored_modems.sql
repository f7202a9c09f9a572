-- Nobody has seen them since the backup: slots and ports wait for them.
UPDATE modems
SET present = false, status = 'offline', state = 'offline',
    reason = 'restored from a backup, not seen since', remedy = 'plug the modem in',
    path = NULL, at_port = NULL, qmi_port = NULL, interface = NULL, wan_address = NULL, signal = NULL
WHERE host = %(host)s
RETURNING serial, slot, proxy_port
