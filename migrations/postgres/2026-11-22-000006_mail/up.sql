-- Mail, and the ways back into an account.

-- A mail goes to no site. Older programs go on writing one for each logout.
ALTER TABLE outbox ALTER COLUMN site_id DROP NOT NULL;
ALTER TABLE outbox ADD CONSTRAINT outbox_logout_has_site
    CHECK (site_id IS NOT NULL OR kind <> 'backchannel-logout');

-- One code for each person and purpose: a newer one takes the place of the older. The digest is
-- keyed, because eight digits could be tried through against a plain one.
CREATE TABLE mailed_code (
    subscriber_id TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    purpose       TEXT NOT NULL CHECK (purpose <> ''),
    digest        BYTEA NOT NULL CHECK (octet_length(digest) = 32),
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT,
    failures      BIGINT NOT NULL CHECK (failures >= 0),
    issued        BIGINT NOT NULL CHECK (issued >= 0),
    hour_began_at BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, purpose)
);

-- The answers together are one password: one hash, of all of them in order.
CREATE TABLE secret_questions (
    subscriber_id TEXT COLLATE "C" PRIMARY KEY REFERENCES subscriber (id),
    questions     TEXT NOT NULL,
    answers_hash  TEXT NOT NULL CHECK (answers_hash <> ''),
    set_at        BIGINT NOT NULL
);

-- Wrong answers, counted by the name that was typed, known or not (security 17.1).
CREATE TABLE self_help (
    name_digest   BYTEA PRIMARY KEY CHECK (octet_length(name_digest) = 32),
    wrong_answers BIGINT NOT NULL CHECK (wrong_answers >= 0),
    updated_at    BIGINT NOT NULL
);
CREATE INDEX self_help_by_age ON self_help (updated_at);

CREATE TABLE email_change (
    id             TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'chg!_%' ESCAPE '!'),
    subscriber_id  TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    old_email      TEXT,
    old_normalized TEXT,
    new_email      TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('changed', 'pending', 'stopped', 'superseded', 'undone')),
    requested_at   BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL CHECK (expires_at > requested_at),
    changed_at     BIGINT,
    -- Until then the old address is kept for its owner.
    undo_until     BIGINT,
    CHECK ((old_email IS NULL) = (old_normalized IS NULL)),
    CHECK ((changed_at IS NULL) = (undo_until IS NULL))
);
CREATE UNIQUE INDEX email_change_one_pending_key ON email_change (subscriber_id) WHERE state = 'pending';
CREATE INDEX email_change_kept ON email_change (old_normalized) WHERE state = 'changed';

CREATE TABLE factor_reset (
    id            TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'frs!_%' ESCAPE '!'),
    subscriber_id TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    helper        TEXT NOT NULL CHECK (helper IN ('administrator', 'support')),
    -- How the helper made sure who was asking.
    checked       TEXT NOT NULL CHECK (checked <> ''),
    state         TEXT NOT NULL CHECK (state IN ('cancelled', 'done', 'waiting')),
    requested_at  BIGINT NOT NULL,
    due_at        BIGINT NOT NULL CHECK (due_at > requested_at),
    settled_at    BIGINT,
    CHECK ((state = 'waiting') = (settled_at IS NULL))
);
CREATE UNIQUE INDEX factor_reset_one_waiting_key ON factor_reset (subscriber_id) WHERE state = 'waiting';
CREATE INDEX factor_reset_due ON factor_reset (due_at) WHERE state = 'waiting';

-- The browsers that somebody has signed in with, so that another one can be told to them. It
-- proves nothing and is asked for nothing else.
CREATE TABLE known_browser (
    subscriber_id  TEXT COLLATE "C" NOT NULL REFERENCES subscriber (id),
    browser_digest BYTEA NOT NULL CHECK (octet_length(browser_digest) = 32),
    first_at       BIGINT NOT NULL,
    last_at        BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, browser_digest)
);
CREATE INDEX known_browser_by_age ON known_browser (last_at);
