-- What happened, who did it, to whom: written in the same transaction as the change itself, sealed
-- behind it. The three tables that testify can be added to and never changed (security 24.5).

CREATE TABLE audit_event (
    id              TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'evt!_%' ESCAPE '!'),
    at              INTEGER NOT NULL,
    kind            TEXT NOT NULL CHECK (kind <> ''),
    actor           TEXT NOT NULL,
    organization_id TEXT,
    subject         TEXT,
    session_id      TEXT,
    site_id         TEXT,
    address         TEXT,
    before          TEXT,
    after           TEXT,
    reason          TEXT
) STRICT;
CREATE INDEX audit_event_by_time ON audit_event (at, id);
CREATE INDEX audit_event_of_organization ON audit_event (organization_id, at);
CREATE INDEX audit_event_of_subject ON audit_event (subject, at);

-- Events that are not sealed yet. Filled by a trigger, so that no event can be forgotten.
CREATE TABLE audit_pending (
    event_id TEXT PRIMARY KEY NOT NULL REFERENCES audit_event (id)
) STRICT;

CREATE TABLE audit_seal (
    position   INTEGER PRIMARY KEY CHECK (position >= 1),
    event_id   TEXT NOT NULL UNIQUE REFERENCES audit_event (id),
    event_hash BLOB NOT NULL CHECK (length(event_hash) = 32),
    chain_hash BLOB NOT NULL CHECK (length(chain_hash) = 32)
) STRICT;

CREATE TABLE audit_head (
    position   INTEGER PRIMARY KEY REFERENCES audit_seal (position),
    chain_hash BLOB NOT NULL CHECK (length(chain_hash) = 32),
    sealed_at  INTEGER NOT NULL,
    kid        TEXT NOT NULL,
    signature  BLOB NOT NULL
) STRICT;

CREATE TRIGGER audit_event_is_pending AFTER INSERT ON audit_event BEGIN
    INSERT INTO audit_pending (event_id) VALUES (NEW.id);
END;

CREATE TRIGGER audit_event_stays_as_it_is BEFORE UPDATE ON audit_event BEGIN
    SELECT RAISE(ABORT, 'the audit trail cannot be changed');
END;
CREATE TRIGGER audit_event_stays BEFORE DELETE ON audit_event BEGIN
    SELECT RAISE(ABORT, 'the audit trail cannot be changed');
END;

CREATE TRIGGER audit_seal_stays_as_it_is BEFORE UPDATE ON audit_seal BEGIN
    SELECT RAISE(ABORT, 'the audit trail cannot be changed');
END;
CREATE TRIGGER audit_seal_stays BEFORE DELETE ON audit_seal BEGIN
    SELECT RAISE(ABORT, 'the audit trail cannot be changed');
END;

CREATE TRIGGER audit_head_stays_as_it_is BEFORE UPDATE ON audit_head BEGIN
    SELECT RAISE(ABORT, 'the audit trail cannot be changed');
END;
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head BEGIN
    SELECT RAISE(ABORT, 'the audit trail cannot be changed');
END;
