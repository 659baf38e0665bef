-- Agreements (R19, R21): what was published, and who accepted which version of it.

-- A version is for good: a text that changes is another version.
CREATE TABLE agreement (
    id            TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'agr!_%' ESCAPE '!'),
    code          TEXT COLLATE "C" NOT NULL CHECK (code <> ''),
    version       TEXT NOT NULL CHECK (version <> ''),
    text          TEXT NOT NULL,
    text_hash     BYTEA NOT NULL CHECK (length(text_hash) = 32),
    published_at  BIGINT NOT NULL,
    superseded_at BIGINT,
    CONSTRAINT agreement_version_key UNIQUE (code, version)
);
CREATE UNIQUE INDEX agreement_one_in_force ON agreement (code) WHERE superseded_at IS NULL;

CREATE TABLE agreement_acceptance (
    subscriber_id TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    agreement_id  TEXT COLLATE "C" NOT NULL REFERENCES agreement (id),
    -- As the text was when it was accepted, so that the row testifies by itself.
    text_hash     BYTEA NOT NULL CHECK (length(text_hash) = 32),
    accepted_at   BIGINT NOT NULL,
    session_id    TEXT NOT NULL,
    address       TEXT NOT NULL,
    PRIMARY KEY (subscriber_id, agreement_id)
);

CREATE FUNCTION agreement_stays_as_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was published and accepted cannot be changed';
END $$;
CREATE TRIGGER agreement_stays_as_it_is
    BEFORE UPDATE OF id, code, version, text, text_hash, published_at ON agreement
    FOR EACH STATEMENT EXECUTE FUNCTION agreement_stays_as_it_is();
CREATE TRIGGER agreement_stays BEFORE DELETE OR TRUNCATE ON agreement
    FOR EACH STATEMENT EXECUTE FUNCTION agreement_stays_as_it_is();
CREATE TRIGGER agreement_acceptance_stays_as_it_is
    BEFORE UPDATE OR DELETE OR TRUNCATE ON agreement_acceptance
    FOR EACH STATEMENT EXECUTE FUNCTION agreement_stays_as_it_is();

INSERT INTO catalog_version (name, version) VALUES ('agreements', 0);
