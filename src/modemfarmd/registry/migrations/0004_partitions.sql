-- What grows for ever is cut by time: a day of the log or of samples, a month of events is a table
-- of its own, and dropping one costs nothing. Bounds are in UTC.
SET LOCAL statement_timeout = 0;  -- as long as it takes: the tables may be large
SET LOCAL timezone = 'UTC';

-- Makes the partition of `parent` for the day or month (`unit`) of a moment; its name, or NULL
-- when it is there. Rows that came before their partition are in <parent>_rest: they move.
CREATE FUNCTION make_partition(parent text, unit text, moment timestamptz) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    first timestamptz := date_trunc(unit, moment);
    after timestamptz := first + ('1 ' || unit)::interval;
    name text := parent || '_p' || to_char(first, CASE unit WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMM' END);
BEGIN
    IF to_regclass(format('public.%I', name)) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', parent || '_rest');
    EXECUTE format(
        'CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
        name, parent);
    EXECUTE format(
        'WITH early AS (DELETE FROM public.%I WHERE at >= $1 AND at < $2 RETURNING *)
         INSERT INTO public.%I SELECT * FROM early', parent || '_rest', name) USING first, after;
    EXECUTE format(
        'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        parent, name, first, after);
    RETURN name;
END
$$;

-- Drops the partitions that end at `before` or earlier; their names.
CREATE FUNCTION drop_partitions(parent text, unit text, before timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    name text;
    first timestamptz;
BEGIN
    FOR name, first IN
        SELECT relname, to_timestamp(substring(relname FROM '_p([0-9]+)$'), 'YYYYMMDD')
        FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = format('public.%I', parent)::regclass AND relname ~ '_p[0-9]+$'
        ORDER BY 2
    LOOP
        IF first + ('1 ' || unit)::interval <= before THEN
            EXECUTE format('DROP TABLE public.%I', name);
            RETURN NEXT name;
        END IF;
    END LOOP;
    EXECUTE format('DELETE FROM public.%I WHERE at < $1', parent || '_rest') USING before;
END
$$;

-- What the agent may call, and all it may do to tables: partitions for the days to come are made,
-- those that are older than asked for are dropped. Nothing younger than a day (events: 30 days)
-- goes, whatever is asked for and whatever the caller's clock says. One caller at a time; another
-- gets nothing. The lock is that of modemfarm-migrate.
CREATE FUNCTION turn_partitions(
    moment timestamptz, logs_days integer, samples_days integer, events_days integer
) RETURNS TABLE (deed text, partition text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '3s' AS $$
DECLARE
    present timestamptz := least(moment, now());
    logs_end timestamptz := present - make_interval(days => greatest(logs_days, 1));
    samples_end timestamptz := present - make_interval(days => greatest(samples_days, 1));
    events_end timestamptz := present - make_interval(days => greatest(events_days, 30));
BEGIN
    IF NOT pg_try_advisory_xact_lock(x'6D6F646D'::integer) THEN
        RETURN;
    END IF;
    RETURN QUERY  -- an agent that is away for longer finds its rows in _rest
        SELECT 'made', made
        FROM (VALUES ('modem_logs', 'day'), ('signal_samples', 'day'), ('events', 'month'))
                AS kept(parent, unit),
            generate_series(now(), now() + interval '3 days', interval '1 day') AS ahead,
            LATERAL public.make_partition(parent, unit, ahead) AS made
        WHERE made IS NOT NULL;
    RETURN QUERY
        SELECT 'dropped', dropped
        FROM (VALUES ('modem_logs', 'day', logs_end), ('signal_samples', 'day', samples_end),
                     ('events', 'month', events_end)) AS kept(parent, unit, ends),
            LATERAL public.drop_partitions(parent, unit, ends) AS dropped;
    DELETE FROM public.repairs WHERE ended < events_end;
    DELETE FROM public.holds WHERE coalesce(released_at, until) < events_end;
    DELETE FROM public.locations WHERE until < events_end;
    DELETE FROM public.sims WHERE until < events_end;
    DELETE FROM public.bearers WHERE until < events_end;
END
$$;

-- modem_logs: rows and their numbers stay.
ALTER TABLE modem_logs RENAME TO modem_logs_before;
ALTER SEQUENCE modem_logs_id_seq RENAME TO modem_logs_before_id_seq;
ALTER TABLE modem_logs_before DROP CONSTRAINT modem_logs_pkey;
DROP INDEX modem_logs_by_serial, modem_logs_by_correlation, modem_logs_by_time;
CREATE TABLE modem_logs (
    id           bigint GENERATED ALWAYS AS IDENTITY,
    at           timestamptz NOT NULL DEFAULT now(),
    serial       text NOT NULL CHECK (serial ~ '^[0-9]{15}$'),
    channel      text NOT NULL CHECK (channel IN ('at', 'qmi', 'sms', 'ussd', 'agent')),
    actor        text NOT NULL CHECK (actor ~ '^[a-z]{1,16}(:[!-~]{1,47})?$'),
    correlation  text CHECK (correlation ~ '^[0-9a-zA-Z-]{1,64}$'),
    command      text,
    answer       text,
    outcome      text NOT NULL CHECK (outcome ~ '^[a-z]{1,16}$'),
    milliseconds real CHECK (milliseconds >= 0),
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE modem_logs_rest PARTITION OF modem_logs DEFAULT;
COMMENT ON COLUMN modem_logs.outcome IS 'ok, error, timeout, gone, busy, refused, unreadable, cancelled';
COMMENT ON COLUMN modem_logs.milliseconds IS 'from the command to its answer; NULL before 0002';
COMMENT ON COLUMN modem_logs.actor IS 'who spoke: agent, cli:alice, ansible:root, api:alice';
COMMENT ON COLUMN modem_logs.correlation IS 'joins the rows of one action; NULL before 0002';

-- events, likewise.
ALTER TABLE events RENAME TO events_before;
ALTER SEQUENCE events_id_seq RENAME TO events_before_id_seq;
ALTER TABLE events_before DROP CONSTRAINT events_pkey;
DROP INDEX events_by_time, events_by_serial;
CREATE TABLE events (
    id     bigint GENERATED ALWAYS AS IDENTITY,
    at     timestamptz NOT NULL DEFAULT now(),
    host   text NOT NULL,
    serial text,
    kind   text NOT NULL CHECK (kind ~ '^[a-z][a-z-]{1,40}$'),
    detail jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_rest PARTITION OF events DEFAULT;

CREATE TABLE signal_samples (
    serial       text NOT NULL CHECK (serial ~ '^[0-9]{15}$'),
    at           timestamptz NOT NULL,
    host         text NOT NULL,
    rssi_dbm     real CHECK (rssi_dbm BETWEEN -200 AND 0),
    rsrp_dbm     real CHECK (rsrp_dbm BETWEEN -200 AND 0),
    rsrq_db      real CHECK (rsrq_db BETWEEN -100 AND 100),
    sinr_db      real CHECK (sinr_db BETWEEN -100 AND 100),
    registration text,
    operator     text,
    PRIMARY KEY (serial, at)
) PARTITION BY RANGE (at);
CREATE TABLE signal_samples_rest PARTITION OF signal_samples DEFAULT;

-- A partition for each day or month that has rows; what is stamped with nonsense stays in _rest.
SELECT make_partition('modem_logs', 'day', day)
FROM (SELECT DISTINCT date_trunc('day', at) FROM modem_logs_before) AS days(day)
WHERE day BETWEEN now() - interval '2 years' AND now();
SELECT make_partition('events', 'month', month)
FROM (SELECT DISTINCT date_trunc('month', at) FROM events_before) AS months(month)
WHERE month BETWEEN now() - interval '10 years' AND now();
SELECT turn_partitions(now(), 36500, 36500, 36500);

INSERT INTO modem_logs
    (id, at, serial, channel, actor, correlation, command, answer, outcome, milliseconds)
OVERRIDING SYSTEM VALUE
SELECT id, at, serial, channel, actor, correlation, command, answer, outcome, milliseconds
FROM modem_logs_before;
INSERT INTO events (id, at, host, serial, kind, detail)
OVERRIDING SYSTEM VALUE
SELECT id, at, host, serial, kind, detail FROM events_before;
SELECT setval('modem_logs_id_seq', last_value, is_called) FROM modem_logs_before_id_seq;
SELECT setval('events_id_seq', last_value, is_called) FROM events_before_id_seq;
DROP TABLE modem_logs_before, events_before;

-- After the rows: building an index is cheaper than filling it.
CREATE INDEX modem_logs_by_serial ON modem_logs (serial, at DESC);
CREATE INDEX modem_logs_by_correlation ON modem_logs (correlation);
-- Not brin as before: the newest rows of all modems come at once, and it costs 5 % of the inserts.
CREATE INDEX modem_logs_by_time ON modem_logs (at);
CREATE INDEX events_by_time ON events (at DESC);
CREATE INDEX events_by_serial ON events (serial, at DESC);
