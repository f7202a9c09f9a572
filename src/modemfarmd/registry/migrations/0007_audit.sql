-- The account of every action. Each row's hash covers the row and the hash before it; the newest
-- one also goes to the journal, so a tail that was cut off is missed as well. Whoever may write
-- calls add_audit and has no other right: neither number, time nor hash are his to choose.
CREATE TABLE audit (
    id          bigint PRIMARY KEY CHECK (id > 0),
    at          timestamptz NOT NULL,
    actor       text NOT NULL CHECK (actor ~ '^[a-z]{1,16}(:[!-~]{1,47})?$'),
    address     text,
    action      text NOT NULL CHECK (action ~ '^[a-z][a-z-]{1,40}$'),
    serial      text CHECK (serial ~ '^[0-9]{15}$'),
    outcome     text NOT NULL CHECK (outcome IN ('begun', 'done', 'failed', 'refused')),
    correlation text NOT NULL CHECK (correlation ~ '^[0-9a-zA-Z-]{1,64}$'),
    detail      json NOT NULL,
    previous    bytea NOT NULL CHECK (octet_length(previous) = 32),
    hash        bytea NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE INDEX audit_by_time ON audit (at DESC);
CREATE INDEX audit_by_serial ON audit (serial, id DESC);
CREATE INDEX audit_by_actor ON audit (actor, id DESC);
COMMENT ON COLUMN audit.detail IS 'json, not jsonb: the hash is of the text as it was written';

-- Each field with its length before it, so that no two rows have the same text; microseconds since
-- the epoch for the time. modemfarmd.registry.chain says the same in Python.
CREATE FUNCTION audit_text(row_ audit) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(coalesce(octet_length(convert_to(field, 'UTF8')) || ':' || field, '-'), ','
                      ORDER BY place)
    FROM unnest(ARRAY[
        row_.id::text, (extract(epoch FROM row_.at) * 1000000)::bigint::text, row_.actor,
        row_.address, row_.action, row_.serial, row_.outcome, row_.correlation, row_.detail::text
    ]) WITH ORDINALITY AS fields(field, place)
$$;

-- Waits for whoever is adding a row at the moment: the chain has one end.
CREATE FUNCTION add_audit(
    actor text, address text, action text, serial text, outcome text, correlation text, detail json
) RETURNS TABLE (id bigint, hash bytea)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
    last public.audit;
    fresh public.audit;
BEGIN
    PERFORM pg_advisory_xact_lock(x'61756474'::integer);
    SELECT * INTO last FROM public.audit ORDER BY audit.id DESC LIMIT 1;
    fresh := ROW(coalesce(last.id, 0) + 1, clock_timestamp(), actor, address, action, serial,
                 outcome, correlation, detail, coalesce(last.hash, decode(repeat('00', 32), 'hex')),
                 NULL);
    fresh.hash := sha256(fresh.previous || convert_to(public.audit_text(fresh), 'UTF8'));
    INSERT INTO public.audit SELECT fresh.*;
    RETURN QUERY SELECT fresh.id, fresh.hash;
END
$$;
