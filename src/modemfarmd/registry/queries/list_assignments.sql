SELECT serial, host, slot, proxy_port, apn, present FROM modems ORDER BY host, slot
