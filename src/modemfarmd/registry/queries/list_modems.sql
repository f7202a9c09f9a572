SELECT serial, host, slot, proxy_port, present, path, usb_path, at_port, qmi_port, interface, iccid, imsi,
       apn, policy, quota, manufacturer, model, revision, operator, registration, signal,
       host(wan_address) AS wan_address, status, state, reason, remedy,
       first_seen, last_seen, changed_at
FROM modems
WHERE host = %(host)s
ORDER BY slot
