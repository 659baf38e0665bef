-- What the life cycles of the community keep beside the community itself.

-- Who stopped an account: `support`, or the organization whose Administrator did. They lift it.
ALTER TABLE subscriber ADD COLUMN suspended_by TEXT;
-- When the mailbox was last proved, for whoever moves to another organization (R71).
ALTER TABLE subscriber ADD COLUMN mailbox_proved_at INTEGER;
UPDATE subscriber SET mailbox_proved_at = activated_at WHERE email_verified;

-- Why a suspended organization is (`breach`, `no-administrator`, `no-tax-id`), who asked to close
-- it, and when its data were last confirmed (R14).
ALTER TABLE organization ADD COLUMN suspended_for TEXT
    CHECK (suspended_for IN ('breach', 'no-administrator', 'no-tax-id'));
ALTER TABLE organization ADD COLUMN closing_asked_by TEXT;
ALTER TABLE organization ADD COLUMN confirmed_at INTEGER;
ALTER TABLE organization ADD COLUMN address TEXT;
ALTER TABLE organization ADD COLUMN phone TEXT;
UPDATE organization SET confirmed_at = updated_at;
CREATE INDEX organization_of_parent ON organization (parent_id) WHERE parent_id IS NOT NULL;

-- When somebody was asked to act for an organization; NULL once it was never a question.
ALTER TABLE affiliation ADD COLUMN proposed_at INTEGER;
-- What lists of an organization's people are sorted and searched by: family name, given name and
-- User ID, folded. It stands here, so that one index gives any page of them.
ALTER TABLE affiliation ADD COLUMN sort_key TEXT NOT NULL DEFAULT '';
UPDATE affiliation SET sort_key = (
    SELECT lower(family_name || ' ' || given_name || ' ' || user_id)
    FROM subscriber WHERE subscriber.id = affiliation.subscriber_id
);
CREATE INDEX affiliation_by_name ON affiliation (organization_id, sort_key, id) WHERE ended_at IS NULL;

-- Who works at the support desk. These are Hilum's own rights, not roles of anybody (domain 5).
CREATE TABLE staff (
    subscriber_id TEXT PRIMARY KEY NOT NULL REFERENCES subscriber (id),
    rank          TEXT NOT NULL CHECK (rank IN ('support-agent', 'support-lead')),
    since         INTEGER NOT NULL
) STRICT;

-- What was ended, so that whoever ended it can be shown what became of it: a row for each site
-- that had something, with the message that tells it, or without one if the site cannot be told.
CREATE TABLE access_ending (
    id              TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'end!_%' ESCAPE '!'),
    organization_id TEXT,
    subscriber_id   TEXT,
    cause           TEXT NOT NULL CHECK (cause <> ''),
    ended_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX access_ending_of_organization ON access_ending (organization_id, ended_at);
CREATE INDEX access_ending_of_subscriber ON access_ending (subscriber_id, ended_at);
CREATE INDEX access_ending_by_age ON access_ending (ended_at);
CREATE TABLE access_ending_notice (
    ending_id  TEXT NOT NULL REFERENCES access_ending (id),
    site_id    TEXT NOT NULL,
    session_id TEXT NOT NULL,
    message_id TEXT,
    PRIMARY KEY (ending_id, site_id, session_id)
) STRICT;
