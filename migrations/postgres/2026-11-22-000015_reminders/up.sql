-- What somebody was reminded of last, and when: a reminder is sent once, whatever happens to the
-- job that sends it.
CREATE TABLE reminder (
    -- What of, as the job says it.
    topic   TEXT COLLATE "C" NOT NULL CHECK (topic <> ''),
    -- About what: an identifier.
    about   TEXT COLLATE "C" NOT NULL CHECK (about <> ''),
    told_at BIGINT NOT NULL,
    PRIMARY KEY (topic, about)
);
CREATE INDEX reminder_by_age ON reminder (told_at);
