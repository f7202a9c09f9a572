-- What modems have moved by day, and which of them have used up their quota.
ALTER TABLE modems ADD COLUMN quota text CHECK (quota IN ('soft', 'hard'));
COMMENT ON COLUMN modems.quota IS 'the limit of its volume that is used up: with hard, no new clients';

CREATE TABLE volumes (
    host   text NOT NULL CHECK (host <> ''),
    serial text NOT NULL CHECK (serial ~ '^[0-9]{15}$'),
    day    date NOT NULL,
    down   bigint NOT NULL CHECK (down >= 0),
    up     bigint NOT NULL CHECK (up >= 0),
    PRIMARY KEY (host, serial, day)
);
COMMENT ON COLUMN volumes.day IS 'in the time zone of the host''s quotas';
COMMENT ON COLUMN volumes.down IS 'bytes that the modem''s interface has received';

-- As in 0004, and volumes are kept as long as events.
CREATE OR REPLACE FUNCTION turn_partitions(
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
    DELETE FROM public.volumes WHERE day < events_end::date;
END
$$;
