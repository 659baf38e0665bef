-- Mail, and the ways back into an account.

-- A mail goes to no site. SQLite cannot loosen a column, so the table is written anew.
CREATE TABLE new_outbox (
    id           TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'msg!_%' ESCAPE '!'),
    kind         TEXT NOT NULL CHECK (kind <> ''),
    site_id      TEXT,
    session_id   TEXT,
    payload      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    attempts     INTEGER NOT NULL CHECK (attempts >= 0),
    state        TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    delivered_at INTEGER,
    last_status  TEXT,
    leased_until INTEGER,
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL)),
    CHECK (site_id IS NOT NULL OR kind <> 'backchannel-logout')
) STRICT;
INSERT INTO new_outbox SELECT * FROM outbox;
DROP TABLE outbox;
ALTER TABLE new_outbox RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'pending';
CREATE INDEX outbox_of_session ON outbox (session_id);

-- One code for each person and purpose: a newer one takes the place of the older. The digest is
-- keyed, because eight digits could be tried through against a plain one.
CREATE TABLE mailed_code (
    subscriber_id TEXT NOT NULL REFERENCES subscriber (id),
    purpose       TEXT NOT NULL CHECK (purpose <> ''),
    digest        BLOB NOT NULL CHECK (length(digest) = 32),
    expires_at    INTEGER NOT NULL,
    used_at       INTEGER,
    failures      INTEGER NOT NULL CHECK (failures >= 0),
    issued        INTEGER NOT NULL CHECK (issued >= 0),
    hour_began_at INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (subscriber_id, purpose)
) STRICT;

-- The answers together are one password: one hash, of all of them in order.
CREATE TABLE secret_questions (
    subscriber_id TEXT PRIMARY KEY NOT NULL REFERENCES subscriber (id),
    questions     TEXT NOT NULL,
    answers_hash  TEXT NOT NULL CHECK (answers_hash <> ''),
    set_at        INTEGER NOT NULL
) STRICT;

-- Wrong answers, counted by the name that was typed, known or not (security 17.1).
CREATE TABLE self_help (
    name_digest   BLOB PRIMARY KEY NOT NULL CHECK (length(name_digest) = 32),
    wrong_answers INTEGER NOT NULL CHECK (wrong_answers >= 0),
    updated_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX self_help_by_age ON self_help (updated_at);

CREATE TABLE email_change (
    id             TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'chg!_%' ESCAPE '!'),
    subscriber_id  TEXT NOT NULL REFERENCES subscriber (id),
    old_email      TEXT,
    old_normalized TEXT,
    new_email      TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('changed', 'pending', 'stopped', 'superseded', 'undone')),
    requested_at   INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL CHECK (expires_at > requested_at),
    changed_at     INTEGER,
    -- Until then the old address is kept for its owner.
    undo_until     INTEGER,
    CHECK ((old_email IS NULL) = (old_normalized IS NULL)),
    CHECK ((changed_at IS NULL) = (undo_until IS NULL))
) STRICT;
CREATE UNIQUE INDEX email_change_one_pending_key ON email_change (subscriber_id) WHERE state = 'pending';
CREATE INDEX email_change_kept ON email_change (old_normalized) WHERE state = 'changed';

CREATE TABLE factor_reset (
    id            TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'frs!_%' ESCAPE '!'),
    subscriber_id TEXT NOT NULL REFERENCES subscriber (id),
    helper        TEXT NOT NULL CHECK (helper IN ('administrator', 'support')),
    -- How the helper made sure who was asking.
    checked       TEXT NOT NULL CHECK (checked <> ''),
    state         TEXT NOT NULL CHECK (state IN ('cancelled', 'done', 'waiting')),
    requested_at  INTEGER NOT NULL,
    due_at        INTEGER NOT NULL CHECK (due_at > requested_at),
    settled_at    INTEGER,
    CHECK ((state = 'waiting') = (settled_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX factor_reset_one_waiting_key ON factor_reset (subscriber_id) WHERE state = 'waiting';
CREATE INDEX factor_reset_due ON factor_reset (due_at) WHERE state = 'waiting';

-- The browsers that somebody has signed in with, so that another one can be told to them. It
-- proves nothing and is asked for nothing else.
CREATE TABLE known_browser (
    subscriber_id  TEXT NOT NULL REFERENCES subscriber (id),
    browser_digest BLOB NOT NULL CHECK (length(browser_digest) = 32),
    first_at       INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    PRIMARY KEY (subscriber_id, browser_digest)
) STRICT;
CREATE INDEX known_browser_by_age ON known_browser (last_at);
