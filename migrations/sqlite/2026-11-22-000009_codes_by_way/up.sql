-- A person has a code for each way to a new password, and one that was handed over is found by its
-- first digits: wrong tries count against the code that they name, and against no other. What there
-- may be within an hour is counted over all codes of a person for one purpose. A name that nobody
-- has is counted like any other, so that its tries cost the same (security 17.1): these rows need no
-- person. No release knows the table as it was.
CREATE TABLE code_hour (
    subscriber_id TEXT NOT NULL,
    purpose       TEXT NOT NULL CHECK (purpose <> ''),
    began_at      INTEGER NOT NULL,
    failures      INTEGER NOT NULL CHECK (failures >= 0),
    issued        INTEGER NOT NULL CHECK (issued >= 0),
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (subscriber_id, purpose)
) STRICT;
INSERT INTO code_hour
    SELECT subscriber_id, purpose, hour_began_at, failures, issued, updated_at FROM mailed_code;

CREATE TABLE new_mailed_code (
    subscriber_id TEXT NOT NULL,
    purpose       TEXT NOT NULL CHECK (purpose <> ''),
    -- What it is found by among those of its purpose; empty where nothing tells them apart.
    slot          TEXT NOT NULL,
    digest        BLOB NOT NULL CHECK (length(digest) = 32),
    expires_at    INTEGER NOT NULL,
    used_at       INTEGER,
    failures      INTEGER NOT NULL CHECK (failures >= 0),
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (subscriber_id, purpose, slot)
) STRICT;
INSERT INTO new_mailed_code
    SELECT subscriber_id, purpose, '', digest, expires_at, used_at, failures, updated_at
    FROM mailed_code;
DROP TABLE mailed_code;
ALTER TABLE new_mailed_code RENAME TO mailed_code;
