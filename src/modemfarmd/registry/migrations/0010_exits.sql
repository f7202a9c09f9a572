-- A span of an address says at which port it could be used: a slot is another modem's, once it was
-- forgotten. Of spans from before nobody knows more than where the modem is now.
ALTER TABLE bearers
    ADD COLUMN slot integer CHECK (slot BETWEEN 1 AND 999),
    ADD COLUMN proxy_port integer CHECK (proxy_port BETWEEN 1 AND 65535);
UPDATE bearers SET slot = modems.slot, proxy_port = modems.proxy_port
FROM modems WHERE modems.serial = bearers.serial AND modems.host = bearers.host;
