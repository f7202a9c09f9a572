-- Who may do what, set anew by each run of modemfarm-migrate. It begins by taking all away, so
-- what is not here is not allowed. Roles that are not there (a database for tests) are left out.
--   modemfarm         the agent, and the CLI on its host: writes what it sees, changes no schema,
--                     rewrites no history (logs, events, repairs, samples)
--   modemfarm_api     reads everything, adds events, keeps accounts and operations; it adds to the
--                     audit by a function and changes nothing of it
--   modemfarm_backup  reads everything, also what is made later
DO $$
DECLARE
    who text;
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
    FOREACH who IN ARRAY ARRAY['modemfarm', 'modemfarm_api', 'modemfarm_backup'] LOOP
        CONTINUE WHEN to_regrole(who) IS NULL OR who = current_user;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), who);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', who);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM %I', who);
        EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM %I', who);
        EXECUTE format('REVOKE CREATE ON SCHEMA public FROM %I', who);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', who);
    END LOOP;

    IF to_regrole('modemfarm') IS NOT NULL AND current_user <> 'modemfarm' THEN
        GRANT SELECT ON schema_migrations TO modemfarm;
        GRANT SELECT, INSERT, UPDATE, DELETE ON modems TO modemfarm;
        GRANT SELECT, INSERT, DELETE ON modem_log_files TO modemfarm;
        GRANT SELECT, INSERT ON modem_logs, events, repairs, signal_samples TO modemfarm;
        GRANT SELECT, INSERT ON hosts, holds, locations, sims, bearers TO modemfarm;
        GRANT UPDATE (agent_version, last_seen) ON hosts TO modemfarm;
        GRANT UPDATE (released_at, released_by) ON holds TO modemfarm;
        GRANT SELECT, INSERT ON volumes TO modemfarm;
        GRANT UPDATE (down, up) ON volumes TO modemfarm;
        GRANT UPDATE (until) ON locations, bearers TO modemfarm;
        GRANT UPDATE (until, imsi) ON sims TO modemfarm;
        GRANT EXECUTE ON FUNCTION turn_partitions TO modemfarm;
    END IF;

    IF to_regrole('modemfarm_api') IS NOT NULL THEN
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO modemfarm_api;
        GRANT INSERT ON events, users, sessions, refresh_tokens, api_tokens, operations
            TO modemfarm_api;
        GRANT UPDATE (password_hash, role, modems, enabled, changed_at) ON users TO modemfarm_api;
        GRANT UPDATE (ended_at, ended_why) ON sessions TO modemfarm_api;
        GRANT UPDATE (used_at) ON refresh_tokens TO modemfarm_api;
        GRANT UPDATE (revoked_at) ON api_tokens TO modemfarm_api;
        GRANT UPDATE (state, result, problem, ended_at) ON operations TO modemfarm_api;
        GRANT INSERT, UPDATE, DELETE ON login_failures TO modemfarm_api;
        GRANT DELETE ON sessions, operations TO modemfarm_api;  -- old ones
        GRANT INSERT, DELETE ON tickets TO modemfarm_api;
        GRANT EXECUTE ON FUNCTION add_audit TO modemfarm_api;
    END IF;

    IF to_regrole('modemfarm_backup') IS NOT NULL THEN
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO modemfarm_backup;
        GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO modemfarm_backup;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO modemfarm_backup;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO modemfarm_backup;
    END IF;
END
$$;
