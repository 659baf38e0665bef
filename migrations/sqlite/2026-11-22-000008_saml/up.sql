-- SAML 2.0: sites by their entityID, the names that they were given, and keys of its own.

-- What a site is called in SAML. No two that are in use share a name; one that is retired frees it.
ALTER TABLE site ADD COLUMN entity_id TEXT;
CREATE UNIQUE INDEX site_entity_id_key ON site (entity_id) WHERE status <> 'retired';

-- By what name a SAML site knows the person in this session: it gives it back at logout.
ALTER TABLE site_grant ADD COLUMN name_id TEXT;
CREATE INDEX site_grant_of_name ON site_grant (site_id, name_id) WHERE name_id IS NOT NULL;

-- A key of SAML signs no tokens. SQLite changes a CHECK only with the table.
CREATE TABLE signing_key_next (
    kid        TEXT PRIMARY KEY NOT NULL,
    algorithm  TEXT NOT NULL,
    use        TEXT NOT NULL CHECK (use IN ('audit', 'saml', 'sig')),
    state      TEXT NOT NULL CHECK (state IN ('active', 'retired', 'retiring', 'upcoming')),
    since      INTEGER NOT NULL,
    sealed     BLOB,
    public_jwk TEXT NOT NULL,
    CHECK ((sealed IS NOT NULL) = (state IN ('active', 'upcoming')))
) STRICT;
INSERT INTO signing_key_next SELECT kid, algorithm, use, state, since, sealed, public_jwk FROM signing_key;
DROP TABLE signing_key;
ALTER TABLE signing_key_next RENAME TO signing_key;
CREATE UNIQUE INDEX signing_key_one_active ON signing_key (use, algorithm) WHERE state = 'active';
