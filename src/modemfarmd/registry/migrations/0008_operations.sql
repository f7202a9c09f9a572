-- What was asked of the farm by API, and what came of it. The row is there before anything is
-- done. `key` is the caller's Idempotency-Key: the same action asked for again is not done again.
CREATE TABLE operations (
    id          text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
    host        text NOT NULL,
    actor       text NOT NULL CHECK (actor ~ '^[a-z]{1,16}(:[!-~]{1,47})?$'),
    action      text NOT NULL CHECK (action ~ '^[a-z][a-z-]{1,40}$'),
    serial      text CHECK (serial ~ '^[0-9]{15}$'),
    key         text CHECK (key ~ '^[!-~]{1,64}$'),
    fingerprint bytea NOT NULL,
    correlation text NOT NULL CHECK (correlation ~ '^[0-9a-zA-Z-]{1,64}$'),
    state       text NOT NULL DEFAULT 'running'
                CHECK (state IN ('running', 'done', 'failed', 'unknown')),
    request     jsonb NOT NULL,
    result      jsonb,
    problem     jsonb,
    began_at    timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz,
    CONSTRAINT operations_once UNIQUE (actor, key)
);
CREATE INDEX operations_by_time ON operations (began_at DESC);
CREATE INDEX operations_running ON operations (host) WHERE state = 'running';
COMMENT ON COLUMN operations.state IS 'unknown: the API ended before the answer had come';

CREATE FUNCTION notify_operation_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('operation_change', NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER operation_change AFTER INSERT OR UPDATE ON operations
    FOR EACH ROW EXECUTE FUNCTION notify_operation_change();
