-- What a WebSocket of the API needs: the ticket that opens it, and word of what has changed.
-- A ticket is asked for with a token, counts once and for seconds; `until` is when that token ends.
CREATE TABLE tickets (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    session    text REFERENCES sessions ON DELETE CASCADE,
    program    text REFERENCES api_tokens ON DELETE CASCADE,
    until      timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT tickets_of_one CHECK (num_nonnulls(session, program) = 1)
);
CREATE INDEX tickets_by_end ON tickets (expires_at);

-- Once per statement and without a payload: the reader asks for what it has not seen.
CREATE FUNCTION notify_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_ARGV[0], '');
    RETURN NULL;
END
$$;
CREATE TRIGGER event_added AFTER INSERT ON events
    FOR EACH STATEMENT EXECUTE FUNCTION notify_live('event_added');
CREATE TRIGGER log_added AFTER INSERT ON modem_logs
    FOR EACH STATEMENT EXECUTE FUNCTION notify_live('log_added');
CREATE TRIGGER access_change AFTER UPDATE OR DELETE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION notify_live('access_change');
CREATE TRIGGER access_change AFTER UPDATE OR DELETE ON sessions
    FOR EACH STATEMENT EXECUTE FUNCTION notify_live('access_change');
CREATE TRIGGER access_change AFTER UPDATE OR DELETE ON api_tokens
    FOR EACH STATEMENT EXECUTE FUNCTION notify_live('access_change');

-- What is shown of a modem is in other tables, too. Not modem_change: the agent acts on that.
CREATE FUNCTION notify_modem_view() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('modem_view', NEW.serial);
    RETURN NULL;
END
$$;
CREATE TRIGGER modem_view AFTER INSERT OR UPDATE ON holds
    FOR EACH ROW EXECUTE FUNCTION notify_modem_view();
CREATE TRIGGER modem_view AFTER INSERT OR UPDATE ON bearers
    FOR EACH ROW EXECUTE FUNCTION notify_modem_view();
