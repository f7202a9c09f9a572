-- What an agent must remember to keep modems by itself, beside the modems: which hosts share this
-- database, who holds a modem, what was repaired, and where modems, SIMs and addresses have been.

-- Ports follow a new base in one statement, also when new and old ports overlap.
ALTER TABLE modems DROP CONSTRAINT modems_port_once,
    ADD CONSTRAINT modems_port_once UNIQUE (host, proxy_port) DEFERRABLE INITIALLY IMMEDIATE;

CREATE TABLE hosts (
    name          text PRIMARY KEY CHECK (name <> ''),
    agent_version text NOT NULL,
    first_seen    timestamptz NOT NULL DEFAULT now(),
    last_seen     timestamptz NOT NULL DEFAULT now()
);

-- Rows stay as history. One that nobody released ends by itself at `until`.
CREATE TABLE holds (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host        text NOT NULL,
    serial      text NOT NULL CHECK (serial ~ '^[0-9]{15}$'),
    until       timestamptz NOT NULL,
    placed_by   text NOT NULL CHECK (length(placed_by) BETWEEN 1 AND 64),
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    placed_at   timestamptz NOT NULL DEFAULT now(),
    released_at timestamptz,
    released_by text CHECK (length(released_by) BETWEEN 1 AND 64)
);
CREATE UNIQUE INDEX holds_open_once ON holds (host, serial) WHERE released_at IS NULL;
CREATE INDEX holds_by_serial ON holds (serial, placed_at DESC);
COMMENT ON COLUMN holds.released_by IS 'NULL of a released row: another hold took its place';

CREATE TABLE repairs (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host     text NOT NULL,
    serial   text NOT NULL CHECK (serial ~ '^[0-9]{15}$'),
    step     text NOT NULL CHECK (step ~ '^[a-z][a-z-]{1,40}$'),
    cause    text NOT NULL,
    began    timestamptz NOT NULL,
    ended    timestamptz NOT NULL CHECK (ended >= began),
    outcome  text NOT NULL CHECK (outcome ~ '^[a-z][a-z-]{1,40}$'),
    evidence jsonb NOT NULL DEFAULT '{}',
    before   jsonb,
    after    jsonb,
    -- A batch whose commit nobody saw is written again.
    CONSTRAINT repairs_once UNIQUE (host, serial, began, step)
);
CREATE INDEX repairs_by_time ON repairs (host, began DESC);
COMMENT ON COLUMN repairs.evidence IS 'what was seen of the modem that led to the step';
COMMENT ON COLUMN repairs.before IS 'how the modem was, as the step found it';

-- Spans: a row says that something was so from `since` until `until`; NULL means that it still is.
CREATE TABLE locations (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host     text NOT NULL,
    serial   text NOT NULL CHECK (serial ~ '^[0-9]{15}$'),
    usb_path text NOT NULL CHECK (usb_path ~ '^[0-9]+-[0-9]+(\.[0-9]+)*$'),
    since    timestamptz NOT NULL,
    until    timestamptz CHECK (until >= since)
);
CREATE UNIQUE INDEX locations_open_once ON locations (serial) WHERE until IS NULL;
CREATE INDEX locations_by_serial ON locations (serial, since DESC);

CREATE TABLE sims (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host   text NOT NULL,
    serial text NOT NULL CHECK (serial ~ '^[0-9]{15}$'),
    iccid  text NOT NULL CHECK (iccid <> ''),
    imsi   text,
    since  timestamptz NOT NULL,
    until  timestamptz CHECK (until >= since)
);
CREATE UNIQUE INDEX sims_open_once ON sims (serial) WHERE until IS NULL;
CREATE INDEX sims_by_serial ON sims (serial, since DESC);
CREATE INDEX sims_by_iccid ON sims (iccid, since DESC);

CREATE TABLE bearers (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host      text NOT NULL,
    serial    text NOT NULL CHECK (serial ~ '^[0-9]{15}$'),
    interface text NOT NULL,
    address   inet NOT NULL,
    since     timestamptz NOT NULL,
    until     timestamptz CHECK (until >= since)
);
CREATE UNIQUE INDEX bearers_open_once ON bearers (serial) WHERE until IS NULL;
CREATE INDEX bearers_by_serial ON bearers (serial, since DESC);
CREATE INDEX bearers_by_address ON bearers (address, since DESC);
