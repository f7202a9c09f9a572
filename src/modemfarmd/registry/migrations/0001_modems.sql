-- The registry's first tables. One row of `modems` per modem for ever: it keeps the slot, and so
-- the port, until an administrator forgets it.
CREATE TABLE modems (
    serial        text PRIMARY KEY CHECK (serial ~ '^[0-9]{15}$'),
    host          text NOT NULL CHECK (host <> ''),
    slot          integer NOT NULL CHECK (slot BETWEEN 1 AND 999),
    proxy_port    integer NOT NULL CHECK (proxy_port BETWEEN 1 AND 65535),
    present       boolean NOT NULL DEFAULT false,
    path          text,
    usb_path      text CHECK (usb_path ~ '^[0-9]+-[0-9]+(\.[0-9]+)*$'),
    at_port       text,
    qmi_port      text,
    interface     text,
    iccid         text,
    imsi          text,
    apn           text,
    manufacturer  text,
    model         text,
    revision      text,
    operator      text,
    registration  text,
    signal        integer CHECK (signal BETWEEN -200 AND 0),
    wan_address   inet,
    status        text NOT NULL DEFAULT 'offline' CHECK (status IN ('online', 'offline', 'error')),
    state         text NOT NULL DEFAULT 'offline',
    reason        text,
    remedy        text,
    first_seen    timestamptz NOT NULL DEFAULT now(),
    last_seen     timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT modems_slot_once UNIQUE (host, slot),
    CONSTRAINT modems_port_once UNIQUE (host, proxy_port)
);
COMMENT ON COLUMN modems.serial IS 'IMEI, what AT+CGSN returns';
COMMENT ON COLUMN modems.usb_path IS 'name of the USB device in sysfs, where it was last seen';
COMMENT ON COLUMN modems.signal IS 'received signal strength, dBm';
COMMENT ON COLUMN modems.apn IS 'access point of this modem; NULL means the one of the farm';

-- Every command and reply worth keeping. Strings come from modems: data, never code.
CREATE TABLE modem_logs (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    serial    text NOT NULL CHECK (serial ~ '^[0-9]{15}$'),
    at        timestamptz NOT NULL DEFAULT now(),
    level     text NOT NULL DEFAULT 'info' CHECK (level IN ('debug', 'info', 'warning', 'error')),
    direction text NOT NULL CHECK (direction IN ('at', 'qmi', 'agent')),
    command   text,
    response  text
);
CREATE INDEX modem_logs_by_serial ON modem_logs (serial, at DESC);

-- What happened, in the farm's own words: plugged, unplugged, moved, replaced, sim-swapped, ...
CREATE TABLE events (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT now(),
    host   text NOT NULL,
    serial text,
    kind   text NOT NULL CHECK (kind ~ '^[a-z][a-z-]{1,40}$'),
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX events_by_time ON events (at DESC);
CREATE INDEX events_by_serial ON events (serial, at DESC);

-- The payload is the serial and nothing else: a notification is a hint, the reader re-reads the row.
CREATE FUNCTION notify_modem_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('modem_change', CASE TG_OP WHEN 'DELETE' THEN OLD.serial ELSE NEW.serial END);
    RETURN NULL;
END
$$;
CREATE TRIGGER modem_change AFTER INSERT OR UPDATE ON modems
    FOR EACH ROW EXECUTE FUNCTION notify_modem_change();
CREATE TRIGGER modem_forgotten AFTER DELETE ON modems
    FOR EACH ROW EXECUTE FUNCTION notify_modem_change();
