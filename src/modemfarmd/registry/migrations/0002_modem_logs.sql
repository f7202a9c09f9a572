-- Every command and answer, whoever sent it. What 0001 kept came from the agent and over AT; a
-- warning or an error there was a command that failed.
SET LOCAL statement_timeout = 0;  -- as long as it takes: the table may be large
ALTER TABLE modem_logs RENAME COLUMN direction TO channel;
ALTER TABLE modem_logs RENAME COLUMN response TO answer;
ALTER TABLE modem_logs DROP CONSTRAINT modem_logs_direction_check;
ALTER TABLE modem_logs
    ADD CONSTRAINT modem_logs_channel_check
        CHECK (channel IN ('at', 'qmi', 'sms', 'ussd', 'agent')),
    ADD COLUMN outcome text NOT NULL DEFAULT 'ok' CHECK (outcome ~ '^[a-z]{1,16}$'),
    ADD COLUMN milliseconds real CHECK (milliseconds >= 0),
    ADD COLUMN actor text NOT NULL DEFAULT 'agent' CHECK (actor ~ '^[a-z]{1,16}(:[!-~]{1,47})?$'),
    ADD COLUMN correlation text CHECK (correlation ~ '^[0-9a-zA-Z-]{1,64}$');
UPDATE modem_logs SET outcome = 'error' WHERE level IN ('warning', 'error');
ALTER TABLE modem_logs DROP COLUMN level;
ALTER TABLE modem_logs ALTER COLUMN outcome DROP DEFAULT, ALTER COLUMN actor DROP DEFAULT;
COMMENT ON COLUMN modem_logs.outcome IS 'ok, error, timeout, gone, busy, refused, unreadable, cancelled';
COMMENT ON COLUMN modem_logs.milliseconds IS 'from the command to its answer; NULL before 0002';
COMMENT ON COLUMN modem_logs.actor IS 'who spoke: agent, cli:alice, ansible:root, api:alice';
COMMENT ON COLUMN modem_logs.correlation IS 'joins the rows of one action; NULL before 0002';

-- modem_logs_by_serial (0001) serves the newest of a modem.
CREATE INDEX modem_logs_by_correlation ON modem_logs (correlation);
-- Rows come nearly in order of time, so ranges of blocks are enough, at no cost per row.
CREATE INDEX modem_logs_by_time ON modem_logs USING brin (at) WITH (autosummarize = on);

-- Files of the spool whose rows are in modem_logs while the file is not yet removed: an agent
-- that dies in between does not write them twice.
CREATE TABLE modem_log_files (
    host text NOT NULL CHECK (host <> ''),
    name text NOT NULL,
    PRIMARY KEY (host, name)
);
