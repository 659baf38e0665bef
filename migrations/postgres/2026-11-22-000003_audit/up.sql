-- What happened, who did it, to whom: written in the same transaction as the change itself, sealed
-- behind it. The three tables that testify can be added to and never changed (security 24.5).

CREATE TABLE audit_event (
    id              TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'evt!_%' ESCAPE '!'),
    at              BIGINT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind <> ''),
    actor           TEXT NOT NULL,
    organization_id TEXT COLLATE "C",
    subject         TEXT COLLATE "C",
    session_id      TEXT COLLATE "C",
    site_id         TEXT COLLATE "C",
    address         TEXT,
    before          TEXT,
    after           TEXT,
    reason          TEXT
);
CREATE INDEX audit_event_by_time ON audit_event (at, id);
CREATE INDEX audit_event_of_organization ON audit_event (organization_id, at);
CREATE INDEX audit_event_of_subject ON audit_event (subject, at);

-- Events that are not sealed yet. Filled by a trigger, so that no event can be forgotten.
CREATE TABLE audit_pending (
    event_id TEXT COLLATE "C" PRIMARY KEY REFERENCES audit_event (id)
);

CREATE TABLE audit_seal (
    position   BIGINT PRIMARY KEY CHECK (position >= 1),
    event_id   TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES audit_event (id),
    event_hash BYTEA NOT NULL CHECK (length(event_hash) = 32),
    chain_hash BYTEA NOT NULL CHECK (length(chain_hash) = 32)
);

CREATE TABLE audit_head (
    position   BIGINT PRIMARY KEY REFERENCES audit_seal (position),
    chain_hash BYTEA NOT NULL CHECK (length(chain_hash) = 32),
    sealed_at  BIGINT NOT NULL,
    kid        TEXT NOT NULL,
    signature  BYTEA NOT NULL
);

CREATE FUNCTION audit_event_is_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_pending (event_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_event_is_pending AFTER INSERT ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_is_pending();

CREATE FUNCTION audit_stays_as_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail cannot be changed';
END $$;
CREATE TRIGGER audit_event_stays_as_it_is BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stays_as_it_is();
CREATE TRIGGER audit_seal_stays_as_it_is BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stays_as_it_is();
CREATE TRIGGER audit_head_stays_as_it_is BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stays_as_it_is();
