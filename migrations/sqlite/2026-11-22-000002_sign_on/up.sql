-- Signing on: failures, sessions, and what sites were given in them.

-- Failures are counted by the name that was typed, known or not, so that nobody can tell the two
-- apart (security 15.4). The name itself is not kept: people type passwords there.
CREATE TABLE lockout (
    name_digest  BLOB PRIMARY KEY NOT NULL CHECK (length(name_digest) = 32),
    failures     INTEGER NOT NULL CHECK (failures >= 0),
    locked_until INTEGER,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX lockout_by_age ON lockout (updated_at);

CREATE TABLE session (
    id                  TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'ses!_%' ESCAPE '!'),
    cookie_digest       BLOB NOT NULL CHECK (length(cookie_digest) = 32),
    subscriber_id       TEXT NOT NULL REFERENCES subscriber (id),
    started_at          INTEGER NOT NULL,
    expires_at          INTEGER NOT NULL CHECK (expires_at > started_at),
    ended_at            INTEGER,
    end_cause           TEXT,
    proofs              TEXT NOT NULL,
    -- What this session tells as last_login.
    previous_sign_in_at INTEGER,
    address             TEXT NOT NULL,
    user_agent          TEXT NOT NULL CHECK (length(user_agent) <= 200),
    last_seen_at        INTEGER NOT NULL,
    CONSTRAINT session_cookie_digest_key UNIQUE (cookie_digest),
    CHECK ((ended_at IS NULL) = (end_cause IS NULL))
) STRICT;
CREATE INDEX session_of_subscriber ON session (subscriber_id, started_at);
CREATE INDEX session_by_end ON session (expires_at);

CREATE TABLE site_visit (
    subscriber_id TEXT NOT NULL REFERENCES subscriber (id),
    site_id       TEXT NOT NULL REFERENCES site (id),
    first_at      INTEGER NOT NULL,
    PRIMARY KEY (subscriber_id, site_id)
) STRICT;

-- What a site was given in a session. The current refresh token is the one with this generation.
-- No reference to site: a popular site's row would be locked by every sign-on in PostgreSQL.
CREATE TABLE site_grant (
    id             TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'grt!_%' ESCAPE '!'),
    session_id     TEXT NOT NULL REFERENCES session (id),
    site_id        TEXT NOT NULL,
    subscriber_id  TEXT NOT NULL,
    affiliation_id TEXT,
    scopes         TEXT NOT NULL,
    claims         TEXT NOT NULL,
    nonce          TEXT,
    acr            TEXT NOT NULL,
    auth_time      INTEGER NOT NULL,
    generation     INTEGER NOT NULL CHECK (generation >= 0),
    code_digest    BLOB NOT NULL CHECK (length(code_digest) = 32),
    issued_at      INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL CHECK (expires_at > issued_at),
    ended_at       INTEGER,
    end_cause      TEXT,
    CONSTRAINT site_grant_code_digest_key UNIQUE (code_digest),
    CHECK ((ended_at IS NULL) = (end_cause IS NULL))
) STRICT;
CREATE INDEX site_grant_of_session ON site_grant (session_id, site_id);
CREATE INDEX site_grant_of_subscriber ON site_grant (subscriber_id, site_id);
