-- What was shared about whom, with which site, when: one row for each grant, which stays when the
-- grant is removed. The trigger keeps a sign-on at the statements that it has; and no way of making
-- a grant can forget it.
CREATE TABLE release_log (
    grant_id       TEXT PRIMARY KEY NOT NULL CHECK (grant_id LIKE 'grt!_%' ESCAPE '!'),
    subscriber_id  TEXT NOT NULL,
    site_id        TEXT NOT NULL,
    affiliation_id TEXT,
    scopes         TEXT NOT NULL,
    claims         TEXT NOT NULL,
    released_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX release_log_of_subscriber ON release_log (subscriber_id, released_at, grant_id);
CREATE INDEX release_log_of_affiliation ON release_log (affiliation_id, released_at) WHERE affiliation_id IS NOT NULL;
CREATE INDEX release_log_by_age ON release_log (released_at);

CREATE TRIGGER site_grant_is_logged AFTER INSERT ON site_grant BEGIN
    INSERT INTO release_log
        VALUES (NEW.id, NEW.subscriber_id, NEW.site_id, NEW.affiliation_id, NEW.scopes, NEW.claims, NEW.issued_at);
END;

INSERT INTO release_log
    SELECT id, subscriber_id, site_id, affiliation_id, scopes, claims, issued_at FROM site_grant;

-- Whoever writes to an organization's Administrators finds them without reading all of its people.
CREATE INDEX affiliation_of_administrators ON affiliation (organization_id) WHERE administrator;
