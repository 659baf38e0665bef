-- Organizations that are to join, and whose a Tax ID is to be.

-- A registration is one document, sealed under the master key: it holds personal data, and perhaps
-- a personal number. What it is found by stands beside it.
CREATE TABLE registration (
    id               TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'reg!_%' ESCAPE '!'),
    stage            TEXT NOT NULL CHECK (stage <> ''),
    started_at       INTEGER NOT NULL,
    moved_at         INTEGER NOT NULL,
    email_normalized TEXT NOT NULL,
    registrant       TEXT REFERENCES subscriber (id),
    -- It is approved before the organization is there, in one transaction.
    organization_id  TEXT REFERENCES organization (id) DEFERRABLE INITIALLY DEFERRED,
    -- The number that it is to have, as `tax_id` knows it.
    fingerprint      BLOB CHECK (length(fingerprint) = 32),
    -- The number on the notary's form, which Support types off paper.
    notary_reference TEXT,
    document         BLOB NOT NULL,
    CHECK ((stage = 'approved') = (organization_id IS NOT NULL))
) STRICT;
CREATE INDEX registration_by_stage ON registration (stage, moved_at, id);
CREATE UNIQUE INDEX registration_notary_reference_key ON registration (notary_reference) WHERE notary_reference IS NOT NULL;

-- The place of a number, held by anybody or not: whoever decides about a number takes its row
-- first, so that two decisions about it come one after the other.
CREATE TABLE tax_id_place (
    fingerprint BLOB PRIMARY KEY NOT NULL CHECK (length(fingerprint) = 32),
    touched_at  INTEGER NOT NULL
) STRICT;

-- Somebody asks for a number that an organization has: one at a time.
CREATE TABLE tax_id_claim (
    tax_id_id       TEXT PRIMARY KEY NOT NULL REFERENCES tax_id (id),
    organization_id TEXT NOT NULL REFERENCES organization (id),
    registration_id TEXT NOT NULL,
    stage           TEXT NOT NULL CHECK (stage IN ('agreed', 'asked', 'objected', 'proposed')),
    opened_at       INTEGER NOT NULL,
    answer_due_at   INTEGER NOT NULL,
    document        TEXT NOT NULL
) STRICT;
CREATE INDEX tax_id_claim_of_organization ON tax_id_claim (organization_id);
CREATE INDEX tax_id_claim_of_registration ON tax_id_claim (registration_id);
CREATE INDEX tax_id_claim_by_age ON tax_id_claim (answer_due_at, tax_id_id);

-- A number that was released, kept for who asked for it.
CREATE TABLE tax_id_reservation (
    fingerprint     BLOB PRIMARY KEY NOT NULL CHECK (length(fingerprint) = 32),
    registration_id TEXT NOT NULL,
    until           INTEGER NOT NULL
) STRICT;
CREATE INDEX tax_id_reservation_of_registration ON tax_id_reservation (registration_id);

-- Organizations that act under another one's number (R44).
CREATE TABLE tax_id_representative (
    tax_id_id       TEXT NOT NULL REFERENCES tax_id (id),
    organization_id TEXT NOT NULL REFERENCES organization (id),
    PRIMARY KEY (tax_id_id, organization_id)
) STRICT;
CREATE INDEX tax_id_representative_by_organization ON tax_id_representative (organization_id);
