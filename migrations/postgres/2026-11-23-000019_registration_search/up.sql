-- What the support desk finds a registration by, beside its mail address: the folded names of the
-- organization and of who registers it. A row that is older has them from its next step on.
ALTER TABLE registration ADD COLUMN name_key       TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE registration ADD COLUMN registrant_key TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX registration_by_name ON registration (name_key, id);
CREATE INDEX registration_by_registrant ON registration (registrant_key, id);
CREATE INDEX registration_by_email ON registration (email_normalized, id);
CREATE INDEX registration_by_fingerprint ON registration (fingerprint, id) WHERE fingerprint IS NOT NULL;
