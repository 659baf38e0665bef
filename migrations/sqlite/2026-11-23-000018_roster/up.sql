-- Lists of people that Administrators import: what was uploaded, and what was done with it.
CREATE TABLE roster_import (
    id              TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'ros!_%' ESCAPE '!'),
    organization_id TEXT NOT NULL REFERENCES organization (id),
    uploaded_by     TEXT NOT NULL REFERENCES subscriber (id),
    uploaded_at     INTEGER NOT NULL,
    -- The file, sealed, until it is imported.
    file            BLOB,
    imported_at     INTEGER,
    -- How much was done, and what was done with each row, as it is taken back.
    summary         TEXT,
    applied         TEXT,
    undone_at       INTEGER,
    -- How much was taken back.
    taken_back      TEXT,
    CHECK ((file IS NULL) = (imported_at IS NOT NULL)),
    CHECK ((summary IS NULL) = (imported_at IS NULL)),
    CHECK ((applied IS NULL) = (imported_at IS NULL)),
    CHECK ((taken_back IS NULL) = (undone_at IS NULL)),
    CHECK (undone_at IS NULL OR imported_at IS NOT NULL)
) STRICT;
CREATE INDEX roster_import_of ON roster_import (organization_id, uploaded_at, id);
CREATE INDEX roster_import_by_age ON roster_import (uploaded_at);
