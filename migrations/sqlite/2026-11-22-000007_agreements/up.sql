-- Agreements (R19, R21): what was published, and who accepted which version of it.

-- A version is for good: a text that changes is another version.
CREATE TABLE agreement (
    id            TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'agr!_%' ESCAPE '!'),
    code          TEXT NOT NULL CHECK (code <> ''),
    version       TEXT NOT NULL CHECK (version <> ''),
    text          TEXT NOT NULL,
    text_hash     BLOB NOT NULL CHECK (length(text_hash) = 32),
    published_at  INTEGER NOT NULL,
    superseded_at INTEGER,
    CONSTRAINT agreement_version_key UNIQUE (code, version)
) STRICT;
CREATE UNIQUE INDEX agreement_one_in_force ON agreement (code) WHERE superseded_at IS NULL;

CREATE TRIGGER agreement_stays_as_it_is BEFORE UPDATE OF id, code, version, text, text_hash, published_at ON agreement BEGIN
    SELECT RAISE(ABORT, 'a published agreement cannot be changed');
END;
CREATE TRIGGER agreement_stays BEFORE DELETE ON agreement BEGIN
    SELECT RAISE(ABORT, 'a published agreement cannot be changed');
END;

CREATE TABLE agreement_acceptance (
    subscriber_id TEXT NOT NULL REFERENCES subscriber (id),
    agreement_id  TEXT NOT NULL REFERENCES agreement (id),
    -- As the text was when it was accepted, so that the row testifies by itself.
    text_hash     BLOB NOT NULL CHECK (length(text_hash) = 32),
    accepted_at   INTEGER NOT NULL,
    session_id    TEXT NOT NULL,
    address       TEXT NOT NULL,
    PRIMARY KEY (subscriber_id, agreement_id)
) STRICT;

CREATE TRIGGER agreement_acceptance_stays_as_it_is BEFORE UPDATE ON agreement_acceptance BEGIN
    SELECT RAISE(ABORT, 'what was accepted cannot be changed');
END;
CREATE TRIGGER agreement_acceptance_stays BEFORE DELETE ON agreement_acceptance BEGIN
    SELECT RAISE(ABORT, 'what was accepted cannot be changed');
END;

INSERT INTO catalog_version (name, version) VALUES ('agreements', 0);
