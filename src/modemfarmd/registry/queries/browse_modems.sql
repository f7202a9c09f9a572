-- A page of modems in order of host and slot; each condition is left out by NULL. The hold is the
-- registry's word; the agent's own is in its snapshot.
SELECT modems.serial, modems.host, modems.slot, modems.proxy_port, status, state, modems.reason, remedy, operator,
       signal, registration, host(wan_address) AS wan_address, bearers.since AS wan_since,
       modems.interface, modems.usb_path, present, quota, iccid, imsi, apn, path, at_port, qmi_port,
       manufacturer, model, revision, first_seen, last_seen, changed_at,
       holds.until AS held_until, placed_by AS held_by, holds.reason AS held_why
FROM modems
LEFT JOIN holds ON holds.host = modems.host AND holds.serial = modems.serial
    AND released_at IS NULL AND holds.until > now()
LEFT JOIN bearers ON bearers.serial = modems.serial AND bearers.until IS NULL
    AND bearers.address = wan_address
WHERE (%(scope)s::text[] IS NULL OR modems.serial = ANY (%(scope)s::text[]))
  AND (%(serial)s::text IS NULL OR modems.serial = %(serial)s)
  AND (%(host)s::text IS NULL OR modems.host = %(host)s)
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(operator)s::text IS NULL OR operator = %(operator)s)
  AND (%(present)s::boolean IS NULL OR present = %(present)s)
  AND (%(held)s::boolean IS NULL OR (placed_by IS NOT NULL) = %(held)s)
  AND (%(find)s::text IS NULL OR position(lower(%(find)s) IN lower(concat_ws(' ',
       modems.serial, modems.host, modems.proxy_port, operator, host(wan_address), iccid, modems.usb_path,
       modems.interface, modems.reason))) > 0)
  AND (%(after_host)s::text IS NULL OR (modems.host, modems.slot) > (%(after_host)s, %(after_slot)s))
ORDER BY modems.host, modems.slot
LIMIT %(limit)s
