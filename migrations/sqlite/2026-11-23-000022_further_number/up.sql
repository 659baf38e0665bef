-- Further Tax IDs that organizations ask for. Support decides; until then they are nobody's. What was
-- decided stands in the audit record, and the row is gone.
CREATE TABLE further_number (
    -- The identifier that the Tax ID will have; a personal number is sealed for it.
    id              TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'tin!_%' ESCAPE '!'),
    organization_id TEXT NOT NULL REFERENCES organization (id),
    asked_by        TEXT NOT NULL REFERENCES subscriber (id),
    asked_at        INTEGER NOT NULL,
    type            TEXT NOT NULL CHECK (type IN ('ein', 'ssn')),
    value           TEXT,
    sealed          BLOB,
    fingerprint     BLOB NOT NULL CHECK (length(fingerprint) = 32),
    CHECK ((type = 'ein') = (value IS NOT NULL)),
    CHECK ((type = 'ssn') = (sealed IS NOT NULL)),
    UNIQUE (organization_id, fingerprint)
) STRICT;
-- The queue, the oldest first.
CREATE INDEX further_number_queue ON further_number (asked_at, id);
