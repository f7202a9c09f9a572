-- Who may use the API. Nothing that opens a door is kept as it is: passwords as argon2id, tokens as
-- their SHA-256 (they are 256 random bits, so there is nothing to guess).
CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL UNIQUE CHECK (name ~ '^[a-z][a-z0-9._-]{0,31}$'),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    role          text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    modems        text[] CHECK (array_to_string(modems, ',', '?') ~ '^([0-9]{15}(,[0-9]{15})*)?$'),
    enabled       boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN users.modems IS 'the modems that the account is for; NULL means all';

-- One log-in, and the family of refresh tokens that came of it.
CREATE TABLE sessions (
    id         text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
    user_id    bigint NOT NULL REFERENCES users,
    address    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    ended_why  text CHECK (ended_why ~ '^[a-z][a-z-]{1,40}$')
);
CREATE INDEX sessions_by_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Used ones stay with their session: one that comes a second time was stolen.
CREATE TABLE refresh_tokens (
    hash      bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    session   text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at timestamptz NOT NULL DEFAULT now(),
    used_at   timestamptz
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session);

-- For programs.
CREATE TABLE api_tokens (
    id         text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
    name       text NOT NULL CHECK (name ~ '^[a-z][a-z0-9._-]{0,31}$'),
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
    role       text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    modems     text[] CHECK (array_to_string(modems, ',', '?') ~ '^([0-9]{15}(,[0-9]{15})*)?$'),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX api_tokens_name_once ON api_tokens (name) WHERE revoked_at IS NULL;

-- Failed log-ins, by account (whether there is one or not) and by address.
CREATE TABLE login_failures (
    key          text PRIMARY KEY CHECK (key ~ '^(account|address):'),
    failures     integer NOT NULL CHECK (failures > 0),
    last_at      timestamptz NOT NULL,
    locked_until timestamptz
);
