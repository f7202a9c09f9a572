-- Registers a modem or refreshes its row. A modem that this host knows keeps its slot; another
-- gets the lowest free one. No free slot: no row comes back. Two callers that pick the same slot
-- at once meet in modems_slot_once, and the later one runs this statement again.
INSERT INTO modems (
    serial, host, slot, proxy_port, present, path, usb_path, at_port, qmi_port, interface, iccid,
    imsi, manufacturer, model, revision, status, state, reason, remedy)
SELECT %(serial)s, %(host)s, chosen.slot, %(port_base)s + chosen.slot, %(present)s, %(path)s,
       %(usb_path)s, %(at_port)s, %(qmi_port)s, %(interface)s, %(iccid)s, %(imsi)s,
       %(manufacturer)s, %(model)s, %(revision)s, %(status)s, %(state)s, %(reason)s, %(remedy)s
FROM (
    SELECT coalesce(
        (SELECT slot FROM modems WHERE serial = %(serial)s AND host = %(host)s),
        (SELECT min(free.slot)
         FROM generate_series(1, %(slots)s::integer) AS free(slot)
         WHERE free.slot <> ALL (%(busy)s::integer[])
           AND NOT EXISTS (SELECT 1 FROM modems AS taken
                           WHERE taken.host = %(host)s AND taken.slot = free.slot))
    ) AS slot
) AS chosen
WHERE chosen.slot IS NOT NULL
ON CONFLICT (serial) DO UPDATE SET
    host = excluded.host,
    slot = excluded.slot,
    proxy_port = excluded.proxy_port,
    present = excluded.present,
    path = excluded.path,
    usb_path = excluded.usb_path,
    at_port = excluded.at_port,
    qmi_port = excluded.qmi_port,
    interface = excluded.interface,
    iccid = excluded.iccid,
    imsi = excluded.imsi,
    manufacturer = coalesce(excluded.manufacturer, modems.manufacturer),
    model = coalesce(excluded.model, modems.model),
    revision = coalesce(excluded.revision, modems.revision),
    status = excluded.status,
    state = excluded.state,
    reason = excluded.reason,
    remedy = excluded.remedy,
    wan_address = CASE WHEN excluded.present THEN modems.wan_address END,
    last_seen = CASE WHEN excluded.present THEN now() ELSE modems.last_seen END,
    changed_at = now()
RETURNING slot, proxy_port, apn, policy
