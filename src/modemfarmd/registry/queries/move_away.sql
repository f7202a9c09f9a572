-- Slots that change hands are made free first: modems_slot_once is looked at row by row, and
-- modems_port_once only when all have their new port.
SET CONSTRAINTS modems_port_once DEFERRED;
UPDATE modems SET slot = slot + %(away)s
WHERE host = %(host)s AND serial = ANY (%(serials)s)
