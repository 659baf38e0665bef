-- Organizations that are to join, and whose a Tax ID is to be.

-- A registration is one document, sealed under the master key: it holds personal data, and perhaps
-- a personal number. What it is found by stands beside it.
CREATE TABLE registration (
    id               TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'reg!_%' ESCAPE '!'),
    stage            TEXT NOT NULL CHECK (stage <> ''),
    started_at       BIGINT NOT NULL,
    moved_at         BIGINT NOT NULL,
    email_normalized TEXT COLLATE "C" NOT NULL,
    registrant       TEXT COLLATE "C" REFERENCES subscriber (id),
    -- It is approved before the organization is there, in one transaction.
    organization_id  TEXT COLLATE "C" REFERENCES organization (id) DEFERRABLE INITIALLY DEFERRED,
    -- The number that it is to have, as `tax_id` knows it.
    fingerprint      BYTEA CHECK (length(fingerprint) = 32),
    -- The number on the notary's form, which Support types off paper.
    notary_reference TEXT COLLATE "C",
    document         BYTEA NOT NULL,
    CHECK ((stage = 'approved') = (organization_id IS NOT NULL))
);
CREATE INDEX registration_by_stage ON registration (stage, moved_at, id);
CREATE UNIQUE INDEX registration_notary_reference_key ON registration (notary_reference) WHERE notary_reference IS NOT NULL;

-- The place of a number, held by anybody or not: whoever decides about a number takes its row
-- first, so that two decisions about it come one after the other.
CREATE TABLE tax_id_place (
    fingerprint BYTEA PRIMARY KEY CHECK (length(fingerprint) = 32),
    touched_at  BIGINT NOT NULL
);

-- Somebody asks for a number that an organization has: one at a time.
CREATE TABLE tax_id_claim (
    tax_id_id       TEXT COLLATE "C" PRIMARY KEY REFERENCES tax_id (id),
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organization (id),
    registration_id TEXT COLLATE "C" NOT NULL,
    stage           TEXT NOT NULL CHECK (stage IN ('agreed', 'asked', 'objected', 'proposed')),
    opened_at       BIGINT NOT NULL,
    answer_due_at   BIGINT NOT NULL,
    document        TEXT NOT NULL
);
CREATE INDEX tax_id_claim_of_organization ON tax_id_claim (organization_id);
CREATE INDEX tax_id_claim_of_registration ON tax_id_claim (registration_id);
CREATE INDEX tax_id_claim_by_age ON tax_id_claim (answer_due_at, tax_id_id);

-- A number that was released, kept for who asked for it.
CREATE TABLE tax_id_reservation (
    fingerprint     BYTEA PRIMARY KEY CHECK (length(fingerprint) = 32),
    registration_id TEXT COLLATE "C" NOT NULL,
    until           BIGINT NOT NULL
);
CREATE INDEX tax_id_reservation_of_registration ON tax_id_reservation (registration_id);

-- Organizations that act under another one's number (R44).
CREATE TABLE tax_id_representative (
    tax_id_id       TEXT COLLATE "C" NOT NULL REFERENCES tax_id (id),
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organization (id),
    PRIMARY KEY (tax_id_id, organization_id)
);
CREATE INDEX tax_id_representative_by_organization ON tax_id_representative (organization_id);
