-- Second factors, and what stands in for them.

-- What came of wrong factors and codes, which a right password does not forgive.
ALTER TABLE lockout ADD COLUMN factor_failures BIGINT NOT NULL DEFAULT 0 CHECK (factor_failures >= 0);

-- A factor stands here when it has been proved, and not before. The seed of an authenticator app is
-- sealed under the master key; of a passkey there is nothing to hide.
CREATE TABLE factor (
    id              TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'fac!_%' ESCAPE '!'),
    subscriber_id   TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    kind            TEXT NOT NULL CHECK (kind IN ('passkey', 'totp')),
    name            TEXT NOT NULL CHECK (name <> ''),
    added_at        BIGINT NOT NULL,
    last_used_at    BIGINT,
    sealed_seed     BYTEA,
    -- The last step whose code was used (RFC 6238 section 5.2): no earlier one counts any more.
    last_step       BIGINT,
    credential_id   BYTEA,
    -- What webauthn-rs keeps of a passkey, in JSON.
    credential      TEXT,
    sign_count      BIGINT,
    verifies_person BOOLEAN,
    CONSTRAINT factor_credential_id_key UNIQUE (credential_id),
    CHECK ((kind = 'totp') = (sealed_seed IS NOT NULL)),
    CHECK ((kind = 'totp') = (last_step IS NOT NULL)),
    CHECK ((kind = 'passkey') = (credential_id IS NOT NULL)),
    CHECK ((kind = 'passkey') = (credential IS NOT NULL)),
    CHECK ((kind = 'passkey') = (sign_count IS NOT NULL)),
    CHECK ((kind = 'passkey') = (verifies_person IS NOT NULL))
);
CREATE INDEX factor_of_subscriber ON factor (subscriber_id, added_at);

-- Each works once. A new set takes the place of the old one.
CREATE TABLE recovery_code (
    digest        BYTEA PRIMARY KEY CHECK (length(digest) = 32),
    subscriber_id TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    made_at       BIGINT NOT NULL,
    used_at       BIGINT
);
CREATE INDEX recovery_code_of_subscriber ON recovery_code (subscriber_id);

-- The digest is of the browser's cookie and the person together.
CREATE TABLE remembered_browser (
    digest        BYTEA PRIMARY KEY CHECK (length(digest) = 32),
    subscriber_id TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    since         BIGINT NOT NULL,
    until         BIGINT NOT NULL CHECK (until > since),
    user_agent    TEXT NOT NULL CHECK (length(user_agent) <= 200)
);
CREATE INDEX remembered_browser_of_subscriber ON remembered_browser (subscriber_id);
CREATE INDEX remembered_browser_by_end ON remembered_browser (until);
