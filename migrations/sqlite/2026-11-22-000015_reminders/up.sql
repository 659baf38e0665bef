-- What somebody was reminded of last, and when: a reminder is sent once, whatever happens to the
-- job that sends it.
CREATE TABLE reminder (
    -- What of, as the job says it.
    topic   TEXT NOT NULL CHECK (topic <> ''),
    -- About what: an identifier.
    about   TEXT NOT NULL CHECK (about <> ''),
    told_at INTEGER NOT NULL,
    PRIMARY KEY (topic, about)
) STRICT;
CREATE INDEX reminder_by_age ON reminder (told_at);
