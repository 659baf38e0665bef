-- Systems that act for an organization without a person (R83). What a system may ask for and how far
-- it is stands in the document: it is read as a whole. The columns beside it are what rows are found
-- by. A row stays for good, so that no system ever has the name of another.
CREATE TABLE system_client (
    id              TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'sys!_%' ESCAPE '!'),
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organization (id),
    name            TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    document        TEXT NOT NULL,
    -- When it ends unless it is renewed; NULL while there is nothing to end.
    ends_at         BIGINT
);
CREATE INDEX system_client_of_organization ON system_client (organization_id, name, id);
CREATE INDEX system_client_by_end ON system_client (ends_at) WHERE ends_at IS NOT NULL;
