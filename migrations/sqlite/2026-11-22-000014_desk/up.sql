-- The support desk: what it is asked for, and how it knows who calls.

-- What somebody asks for. Who asks is a person, somebody who left an address, or Hilum itself.
CREATE TABLE ticket (
    id              TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'tkt!_%' ESCAPE '!'),
    kind            TEXT NOT NULL CHECK (kind <> ''),
    state           TEXT NOT NULL CHECK (state IN ('assigned', 'closed', 'new', 'resolved', 'waiting')),
    -- Who works on it, or resolved it.
    assignee_id     TEXT REFERENCES subscriber (id),
    subscriber_id   TEXT REFERENCES subscriber (id),
    email           TEXT,
    -- The language of the page on which it was asked (BCP 47).
    language        TEXT,
    organization_id TEXT REFERENCES organization (id),
    -- What it refers to: a person, a promotion, a registration or a number, by its identifier.
    regarding       TEXT,
    -- What was filled in, by field.
    details         TEXT NOT NULL,
    -- The key of the link in the last mail to who asked.
    link_digest     BLOB CHECK (length(link_digest) = 32),
    opened_at       INTEGER NOT NULL,
    -- When it was resolved, for as long as it is.
    settled_at      INTEGER,
    CHECK (subscriber_id IS NULL OR email IS NULL),
    CHECK ((state IN ('closed', 'new')) = (assignee_id IS NULL)),
    CHECK ((state IN ('closed', 'resolved')) = (settled_at IS NOT NULL))
) STRICT;
-- The queue, the oldest first: all that is open, by kind, and one's own.
CREATE INDEX ticket_open ON ticket (opened_at, id) WHERE settled_at IS NULL;
CREATE INDEX ticket_by_state ON ticket (state, opened_at, id);
CREATE INDEX ticket_by_kind ON ticket (kind, opened_at, id);
CREATE INDEX ticket_by_assignee ON ticket (assignee_id, opened_at, id) WHERE assignee_id IS NOT NULL;
CREATE INDEX ticket_due ON ticket (settled_at) WHERE state = 'resolved';
CREATE INDEX ticket_regarding ON ticket (regarding) WHERE regarding IS NOT NULL;
CREATE TABLE ticket_message (
    ticket_id TEXT NOT NULL REFERENCES ticket (id),
    number    INTEGER NOT NULL,
    -- Who at the support desk said it; NULL for who asked.
    author_id TEXT REFERENCES subscriber (id),
    said_at   INTEGER NOT NULL,
    text      TEXT NOT NULL CHECK (text <> ''),
    PRIMARY KEY (ticket_id, number)
) STRICT;

-- Checks of people who called. What counts is the last one of a person, a purpose and a helper.
CREATE TABLE caller_check (
    id            TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'chk!_%' ESCAPE '!'),
    subscriber_id TEXT NOT NULL REFERENCES subscriber (id),
    purpose       TEXT NOT NULL CHECK (purpose <> ''),
    checked_by    TEXT NOT NULL REFERENCES subscriber (id),
    checked_at    INTEGER NOT NULL,
    -- Which questions were answered, and how.
    answers       TEXT NOT NULL,
    -- Until when it counts; NULL: it was refused.
    counts_until  INTEGER
) STRICT;
CREATE INDEX caller_check_of ON caller_check (subscriber_id, checked_by, checked_at);

-- What organizations and people are searched by: their names, folded.
ALTER TABLE organization ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE organization SET name_key = lower(name);
CREATE INDEX organization_by_name ON organization (name_key, id);
ALTER TABLE subscriber ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE subscriber SET name_key = lower(family_name || ' ' || given_name);
CREATE INDEX subscriber_by_name ON subscriber (name_key, id);
