-- What the proxy of one modem does otherwise than the farm's. The database keeps its shape and size
-- (they decide whether all fits into the snapshot); the agent checks the values.
ALTER TABLE modems ADD COLUMN policy jsonb
    CHECK (jsonb_typeof(policy) = 'object' AND length(policy::text) <= 6000);
COMMENT ON COLUMN modems.policy IS 'what differs from the proxy policy of the farm; NULL means nothing';
