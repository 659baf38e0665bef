-- Signing on: failures, sessions, and what sites were given in them.

-- Failures are counted by the name that was typed, known or not, so that nobody can tell the two
-- apart (security 15.4). The name itself is not kept: people type passwords there.
CREATE TABLE lockout (
    name_digest  BYTEA PRIMARY KEY CHECK (length(name_digest) = 32),
    failures     BIGINT NOT NULL CHECK (failures >= 0),
    locked_until BIGINT,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX lockout_by_age ON lockout (updated_at);

CREATE TABLE session (
    id                  TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'ses!_%' ESCAPE '!'),
    cookie_digest       BYTEA NOT NULL CHECK (length(cookie_digest) = 32),
    subscriber_id       TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    started_at          BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL CHECK (expires_at > started_at),
    ended_at            BIGINT,
    end_cause           TEXT,
    proofs              TEXT NOT NULL,
    -- What this session tells as last_login.
    previous_sign_in_at BIGINT,
    address             TEXT NOT NULL,
    user_agent          TEXT NOT NULL CHECK (length(user_agent) <= 200),
    last_seen_at        BIGINT NOT NULL,
    CONSTRAINT session_cookie_digest_key UNIQUE (cookie_digest),
    CHECK ((ended_at IS NULL) = (end_cause IS NULL))
);
CREATE INDEX session_of_subscriber ON session (subscriber_id, started_at);
CREATE INDEX session_by_end ON session (expires_at);

CREATE TABLE site_visit (
    subscriber_id TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    site_id       TEXT COLLATE "C" NOT NULL REFERENCES site (id),
    first_at      BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, site_id)
);

-- What a site was given in a session. The current refresh token is the one with this generation.
-- No reference to site: a popular site's row would be locked by every sign-on in PostgreSQL.
CREATE TABLE site_grant (
    id             TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'grt!_%' ESCAPE '!'),
    session_id     TEXT COLLATE "C" NOT NULL REFERENCES session (id),
    site_id        TEXT COLLATE "C" NOT NULL,
    subscriber_id  TEXT COLLATE "C" NOT NULL,
    affiliation_id TEXT COLLATE "C",
    scopes         TEXT NOT NULL,
    claims         TEXT NOT NULL,
    nonce          TEXT,
    acr            TEXT NOT NULL,
    auth_time      BIGINT NOT NULL,
    generation     BIGINT NOT NULL CHECK (generation >= 0),
    code_digest    BYTEA NOT NULL CHECK (length(code_digest) = 32),
    issued_at      BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL CHECK (expires_at > issued_at),
    ended_at       BIGINT,
    end_cause      TEXT,
    CONSTRAINT site_grant_code_digest_key UNIQUE (code_digest),
    CHECK ((ended_at IS NULL) = (end_cause IS NULL))
);
CREATE INDEX site_grant_of_session ON site_grant (session_id, site_id);
CREATE INDEX site_grant_of_subscriber ON site_grant (subscriber_id, site_id);

-- A code that is redeemed while its session is being ended must not leave a grant behind that
-- nobody tells the site about. The lock makes the two wait for each other: either the ending sees
-- the grant, or the grant sees that the session is over, and its transaction is done anew. SQLite
-- has one writer at a time and needs no such care.
CREATE FUNCTION site_grant_needs_a_live_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM session WHERE id = NEW.session_id AND ended_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the session of grant % is over', NEW.id USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER site_grant_needs_a_live_session BEFORE INSERT ON site_grant
    FOR EACH ROW EXECUTE FUNCTION site_grant_needs_a_live_session();
