-- The community: organizations with their Tax IDs, people, and what links them; sites.
-- Times are milliseconds since 1970 (UTC), lists are JSON, states are the codes of idp-core.

CREATE TABLE organization (
    id         TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'org!_%' ESCAPE '!'),
    name       TEXT NOT NULL CHECK (name <> ''),
    parent_id  TEXT COLLATE "C" REFERENCES organization (id) CHECK (parent_id <> id),
    npi        TEXT CHECK (length(npi) = 10),
    status     TEXT NOT NULL CHECK (status IN ('active', 'closed', 'suspended')),
    demo       BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL
);

-- A business number stands as its nine digits. A personal one (R16) stands sealed under the master
-- key, so that a copy of this table shows none. The fingerprint (HMAC under a derived key) makes
-- every number unique without showing it (R43).
CREATE TABLE tax_id (
    id              TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'tin!_%' ESCAPE '!'),
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organization (id),
    type            TEXT NOT NULL CHECK (type IN ('ein', 'ssn')),
    value           TEXT CHECK (length(value) = 9),
    sealed          BYTEA,
    fingerprint     BYTEA NOT NULL CHECK (length(fingerprint) = 32),
    is_primary      BOOLEAN NOT NULL,
    CONSTRAINT tax_id_fingerprint_key UNIQUE (fingerprint),
    CHECK ((type = 'ein') = (value IS NOT NULL)),
    CHECK ((type = 'ssn') = (sealed IS NOT NULL))
);
CREATE INDEX tax_id_of_organization ON tax_id (organization_id);
CREATE UNIQUE INDEX tax_id_one_primary_key ON tax_id (organization_id) WHERE is_primary;

CREATE TABLE subscriber (
    id                    TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'sub!_%' ESCAPE '!'),
    user_id               TEXT COLLATE "C" NOT NULL CHECK (user_id = lower(user_id)),
    given_name            TEXT NOT NULL,
    family_name           TEXT NOT NULL,
    email                 TEXT,
    email_normalized      TEXT COLLATE "C",
    email_verified        BOOLEAN NOT NULL,
    phone_number          TEXT,
    phone_number_verified BOOLEAN NOT NULL,
    npi                   TEXT CHECK (length(npi) = 10),
    profile               TEXT NOT NULL,
    status                TEXT NOT NULL CHECK (status IN ('active', 'closed', 'dormant', 'suspended', 'terminated')),
    activated_at          BIGINT NOT NULL,
    last_sign_in_at       BIGINT,
    -- The last_login that a sign-on tells: the successful one before the last.
    previous_sign_in_at   BIGINT,
    password_hash         TEXT,
    password_changed_at   BIGINT,
    demo                  BOOLEAN NOT NULL,
    updated_at            BIGINT NOT NULL,
    CONSTRAINT subscriber_user_id_key UNIQUE (user_id),
    CONSTRAINT subscriber_email_normalized_key UNIQUE (email_normalized),
    CONSTRAINT subscriber_npi_key UNIQUE (npi),
    CHECK ((email IS NULL) = (email_normalized IS NULL)),
    CHECK ((password_hash IS NULL) = (password_changed_at IS NULL))
);

CREATE TABLE affiliation (
    id              TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'aff!_%' ESCAPE '!'),
    subscriber_id   TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organization (id),
    status          TEXT NOT NULL CHECK (status IN ('active', 'ended', 'proposed', 'suspended')),
    roles           TEXT NOT NULL,
    role_details    TEXT NOT NULL,
    administrator   BOOLEAN NOT NULL,
    access_level    TEXT NOT NULL CHECK (access_level IN ('community-full', 'community-standard', 'community-view-only')),
    -- The Tax IDs that the person may use (R7); NULL: all of the organization's.
    tax_id_subset   TEXT,
    -- A day, YYYY-MM-DD.
    since           TEXT NOT NULL CHECK (length(since) = 10),
    ended_at        BIGINT,
    CHECK ((status = 'ended') = (ended_at IS NOT NULL))
);
-- A person who comes back gets a new affiliation; the old one stays as history.
CREATE UNIQUE INDEX affiliation_not_ended_key ON affiliation (subscriber_id, organization_id) WHERE ended_at IS NULL;
CREATE INDEX affiliation_of_organization ON affiliation (organization_id);

-- A participating site. The record is read as a whole and kept in every node's memory.
CREATE TABLE site (
    id         TEXT COLLATE "C" PRIMARY KEY,
    document   TEXT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('live', 'retired', 'suspended')),
    updated_at BIGINT NOT NULL
);

-- Sites that an organization's Administrator switched on (R7).
CREATE TABLE organization_site (
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organization (id),
    site_id         TEXT COLLATE "C" NOT NULL REFERENCES site (id),
    PRIMARY KEY (organization_id, site_id)
);
