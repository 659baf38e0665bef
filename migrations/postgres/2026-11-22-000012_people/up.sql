-- People who are to become Subscribers, and lists of an organization's people.

-- A nomination makes no account and no affiliation: it has the identifiers of those that its
-- activation makes or brings back. Link and code are kept as digests.
CREATE TABLE nomination (
    id               TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'nom!_%' ESCAPE '!'),
    organization_id  TEXT COLLATE "C" NOT NULL REFERENCES organization (id),
    affiliation_id   TEXT COLLATE "C" NOT NULL,
    subscriber_id    TEXT COLLATE "C" NOT NULL,
    user_id          TEXT COLLATE "C" NOT NULL CHECK (user_id = lower(user_id)),
    email            TEXT NOT NULL,
    email_normalized TEXT COLLATE "C" NOT NULL,
    npi              TEXT CHECK (length(npi) = 10),
    -- NULL for the first Administrator, who came with the organization's approval.
    nominated_by     TEXT COLLATE "C" REFERENCES subscriber (id),
    nominated_at     BIGINT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('activated', 'expired', 'nominated', 'withdrawn')),
    settled_at       BIGINT,
    link_digest      BYTEA CHECK (length(link_digest) = 32),
    code_digest      BYTEA CHECK (length(code_digest) = 32),
    code_made_at     BIGINT,
    failures         BIGINT NOT NULL CHECK (failures >= 0),
    codes            BIGINT NOT NULL CHECK (codes >= 0),
    -- The list with which it came, so that the import can be taken back.
    roster_id        TEXT,
    -- Names, rights with their reason, and how the Administrator made sure who it is.
    details          TEXT NOT NULL,
    CHECK ((state = 'nominated') = (link_digest IS NOT NULL)),
    CHECK ((state = 'nominated') = (code_digest IS NOT NULL)),
    CHECK ((state = 'nominated') = (code_made_at IS NOT NULL)),
    CHECK ((state = 'nominated') = (settled_at IS NULL))
);
CREATE INDEX nomination_of_organization ON nomination (organization_id, nominated_at, id);
CREATE INDEX nomination_of_roster ON nomination (organization_id, roster_id) WHERE roster_id IS NOT NULL;
CREATE INDEX nomination_due ON nomination (nominated_at) WHERE state = 'nominated';
-- Nobody waits for the same name, mailbox, number or account twice.
CREATE UNIQUE INDEX nomination_user_id_key ON nomination (user_id) WHERE state = 'nominated';
CREATE UNIQUE INDEX nomination_email_normalized_key ON nomination (email_normalized) WHERE state = 'nominated';
CREATE UNIQUE INDEX nomination_npi_key ON nomination (npi) WHERE state = 'nominated';
CREATE UNIQUE INDEX nomination_subscriber_id_key ON nomination (subscriber_id) WHERE state = 'nominated';

-- What the Administrator typed who offered an affiliation: all that is shown of its person before
-- they accept (security 20.9).
ALTER TABLE affiliation ADD COLUMN proposed_to TEXT;
-- What people are found by beside the family name: given name with family name, and User ID.
ALTER TABLE affiliation ADD COLUMN given_key TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE affiliation ADD COLUMN user_key TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE affiliation SET
    given_key = (SELECT lower(given_name || ' ' || family_name) FROM subscriber WHERE subscriber.id = affiliation.subscriber_id),
    user_key = (SELECT user_id FROM subscriber WHERE subscriber.id = affiliation.subscriber_id);
-- The list of an organization's people, in its order. What it is filtered by stands in the index
-- too, so that a rare role is found without looking at everybody's row.
DROP INDEX affiliation_by_name;
CREATE INDEX affiliation_people ON affiliation (organization_id, sort_key, id)
    INCLUDE (subscriber_id, status, administrator, roles) WHERE ended_at IS NULL AND status <> 'proposed';
CREATE INDEX affiliation_by_given_name ON affiliation (organization_id, given_key, sort_key, id) WHERE ended_at IS NULL AND status <> 'proposed';
CREATE INDEX affiliation_by_user_id ON affiliation (organization_id, user_key, sort_key, id) WHERE ended_at IS NULL AND status <> 'proposed';
CREATE INDEX affiliation_administrators_by_name ON affiliation (organization_id, sort_key, id) WHERE ended_at IS NULL AND administrator;
CREATE INDEX affiliation_offered ON affiliation (organization_id, proposed_at, id) WHERE ended_at IS NULL AND status = 'proposed';

-- Requests of people who want to act for an organization (R18, R88).
CREATE TABLE access_request (
    id              TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'req!_%' ESCAPE '!'),
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organization (id),
    asked_at        BIGINT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('declined', 'expired', 'nominated', 'waiting')),
    answered_at     BIGINT,
    -- What the person typed.
    details         TEXT NOT NULL,
    CHECK ((state = 'waiting') = (answered_at IS NULL))
);
CREATE INDEX access_request_of_organization ON access_request (organization_id, asked_at, id);
CREATE INDEX access_request_due ON access_request (asked_at) WHERE state = 'waiting';

-- Proposals that somebody become an Administrator (domain 4.8).
CREATE TABLE promotion (
    id              TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'pro!_%' ESCAPE '!'),
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organization (id),
    affiliation_id  TEXT COLLATE "C" NOT NULL REFERENCES affiliation (id),
    subscriber_id   TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    state           TEXT NOT NULL CHECK (state <> ''),
    proposed_at     BIGINT NOT NULL,
    -- When it last went on: it waits for 30 days from here.
    moved_at        BIGINT NOT NULL,
    settled_at      BIGINT,
    -- How the identity was proved, and how the organization was called back.
    details         TEXT NOT NULL
);
CREATE UNIQUE INDEX promotion_one_open_key ON promotion (affiliation_id) WHERE settled_at IS NULL;
CREATE INDEX promotion_of_subscriber ON promotion (subscriber_id, proposed_at);
CREATE INDEX promotion_of_organization ON promotion (organization_id, proposed_at);
