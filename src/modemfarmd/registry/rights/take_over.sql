-- Until schema 2 the agent's role owned everything. Its rights come back by grants.sql, in this
-- same transaction, so an agent that runs meanwhile notices nothing.
DO $$
BEGIN
    IF current_user <> 'modemfarm' AND EXISTS (
        SELECT FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relowner = to_regrole('modemfarm')
    ) THEN
        EXECUTE format('REASSIGN OWNED BY modemfarm TO %I', current_user);
    END IF;
END
$$;
