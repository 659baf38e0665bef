-- A person has a code for each way to a new password, and one that was handed over is found by its
-- first digits: wrong tries count against the code that they name, and against no other. What there
-- may be within an hour is counted over all codes of a person for one purpose. A name that nobody
-- has is counted like any other, so that its tries cost the same (security 17.1): these rows need no
-- person. No release knows the table as it was.
CREATE TABLE code_hour (
    subscriber_id TEXT COLLATE "C" NOT NULL,
    purpose       TEXT NOT NULL CHECK (purpose <> ''),
    began_at      BIGINT NOT NULL,
    failures      BIGINT NOT NULL CHECK (failures >= 0),
    issued        BIGINT NOT NULL CHECK (issued >= 0),
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, purpose)
);
INSERT INTO code_hour
    SELECT subscriber_id, purpose, hour_began_at, failures, issued, updated_at FROM mailed_code;

-- What it is found by among those of its purpose; empty where nothing tells them apart.
ALTER TABLE mailed_code ADD COLUMN slot TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE mailed_code ALTER COLUMN slot DROP DEFAULT;
ALTER TABLE mailed_code DROP CONSTRAINT mailed_code_subscriber_id_fkey;
ALTER TABLE mailed_code DROP CONSTRAINT mailed_code_pkey;
ALTER TABLE mailed_code ADD PRIMARY KEY (subscriber_id, purpose, slot);
ALTER TABLE mailed_code DROP COLUMN issued, DROP COLUMN hour_began_at;
