-- What keeps the nodes working together.

-- Private keys stand sealed under the master key. A key is published before it signs and stays
-- published while anything that it signed can live.
CREATE TABLE signing_key (
    kid        TEXT PRIMARY KEY NOT NULL,
    algorithm  TEXT NOT NULL,
    use        TEXT NOT NULL CHECK (use IN ('audit', 'sig')),
    state      TEXT NOT NULL CHECK (state IN ('active', 'retired', 'retiring', 'upcoming')),
    -- When it came into this state.
    since      INTEGER NOT NULL,
    sealed     BLOB,
    public_jwk TEXT NOT NULL,
    -- A key that will not sign again has lost its private half.
    CHECK ((sealed IS NOT NULL) = (state IN ('active', 'upcoming')))
) STRICT;
CREATE UNIQUE INDEX signing_key_one_active ON signing_key (use, algorithm) WHERE state = 'active';

-- What must leave the process: written with the change that demands it, delivered by a job.
CREATE TABLE outbox (
    id           TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'msg!_%' ESCAPE '!'),
    kind         TEXT NOT NULL CHECK (kind <> ''),
    site_id      TEXT NOT NULL,
    session_id   TEXT,
    payload      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    attempts     INTEGER NOT NULL CHECK (attempts >= 0),
    state        TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    delivered_at INTEGER,
    last_status  TEXT,
    leased_until INTEGER,
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
) STRICT;
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'pending';
CREATE INDEX outbox_of_session ON outbox (session_id);

-- Jobs that only one node may do at a time.
CREATE TABLE lease (
    name       TEXT PRIMARY KEY NOT NULL,
    holder     TEXT NOT NULL,
    held_until INTEGER NOT NULL
) STRICT;

-- Raised in the transaction that changes what every node keeps in memory.
CREATE TABLE catalog_version (
    name    TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL
) STRICT;
INSERT INTO catalog_version (name, version) VALUES ('keys', 0), ('sites', 0);

CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;
