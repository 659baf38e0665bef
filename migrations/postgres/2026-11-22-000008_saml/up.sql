-- SAML 2.0: sites by their entityID, the names that they were given, and keys of its own.

-- What a site is called in SAML. No two that are in use share a name; one that is retired frees it.
ALTER TABLE site ADD COLUMN entity_id TEXT COLLATE "C";
CREATE UNIQUE INDEX site_entity_id_key ON site (entity_id) WHERE status <> 'retired';

-- By what name a SAML site knows the person in this session: it gives it back at logout.
ALTER TABLE site_grant ADD COLUMN name_id TEXT COLLATE "C";
CREATE INDEX site_grant_of_name ON site_grant (site_id, name_id) WHERE name_id IS NOT NULL;

-- A key of SAML signs no tokens.
ALTER TABLE signing_key DROP CONSTRAINT signing_key_use_check;
ALTER TABLE signing_key ADD CONSTRAINT signing_key_use_check CHECK (use IN ('audit', 'saml', 'sig'));
