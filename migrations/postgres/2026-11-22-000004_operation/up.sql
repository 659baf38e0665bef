-- What keeps the nodes working together.

-- Private keys stand sealed under the master key. A key is published before it signs and stays
-- published while anything that it signed can live.
CREATE TABLE signing_key (
    kid        TEXT COLLATE "C" PRIMARY KEY,
    algorithm  TEXT NOT NULL,
    use        TEXT NOT NULL CHECK (use IN ('audit', 'sig')),
    state      TEXT NOT NULL CHECK (state IN ('active', 'retired', 'retiring', 'upcoming')),
    -- When it came into this state.
    since      BIGINT NOT NULL,
    sealed     BYTEA,
    public_jwk TEXT NOT NULL,
    -- A key that will not sign again has lost its private half.
    CHECK ((sealed IS NOT NULL) = (state IN ('active', 'upcoming')))
);
CREATE UNIQUE INDEX signing_key_one_active ON signing_key (use, algorithm) WHERE state = 'active';

-- What must leave the process: written with the change that demands it, delivered by a job.
CREATE TABLE outbox (
    id           TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'msg!_%' ESCAPE '!'),
    kind         TEXT NOT NULL CHECK (kind <> ''),
    site_id      TEXT COLLATE "C" NOT NULL,
    session_id   TEXT COLLATE "C",
    payload      TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    attempts     BIGINT NOT NULL CHECK (attempts >= 0),
    state        TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    delivered_at BIGINT,
    last_status  TEXT,
    leased_until BIGINT,
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'pending';
CREATE INDEX outbox_of_session ON outbox (session_id);

-- Jobs that only one node may do at a time.
CREATE TABLE lease (
    name       TEXT COLLATE "C" PRIMARY KEY,
    holder     TEXT NOT NULL,
    held_until BIGINT NOT NULL
);

-- Raised in the transaction that changes what every node keeps in memory.
CREATE TABLE catalog_version (
    name    TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO catalog_version (name, version) VALUES ('keys', 0), ('sites', 0);

CREATE TABLE meta (
    key   TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
);
