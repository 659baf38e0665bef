-- How many letters ask somebody to act for an organization, counted over a day: by whom they reach, and
-- by the organization that has them written. A digest says which.
CREATE TABLE letter_count (
    of_digest BYTEA PRIMARY KEY NOT NULL CHECK (length(of_digest) = 32),
    began_at  BIGINT NOT NULL,
    letters   BIGINT NOT NULL CHECK (letters >= 0)
);
CREATE INDEX letter_count_by_age ON letter_count (began_at);
