-- An organization's own record, the newest first: all of it, or narrowed to a kind, a person or a
-- site. Each index gives any page in its order, so that a page far down costs what the first one
-- does. What a site renews every few minutes is in none of them, and so costs less to write down.
DROP INDEX audit_event_of_organization;
CREATE INDEX audit_event_of_organization ON audit_event (organization_id, at, id)
    WHERE organization_id IS NOT NULL AND kind <> 'grant.refreshed';
CREATE INDEX audit_event_of_kind ON audit_event (organization_id, kind, at, id)
    WHERE organization_id IS NOT NULL AND kind <> 'grant.refreshed';
CREATE INDEX audit_event_of_member ON audit_event (organization_id, subject, at, id)
    WHERE organization_id IS NOT NULL AND subject IS NOT NULL AND kind <> 'grant.refreshed';
CREATE INDEX audit_event_at_site ON audit_event (organization_id, site_id, at, id)
    WHERE organization_id IS NOT NULL AND site_id IS NOT NULL AND kind <> 'grant.refreshed';

-- Whom the events of a page are about: whoever acts for the organization, did, or was nominated.
CREATE INDEX affiliation_of_person ON affiliation (subscriber_id, organization_id);
CREATE INDEX nomination_of_person ON nomination (organization_id, subscriber_id);

-- Offers by User ID that lead to nobody who could be asked. They wait, are over and are taken back like
-- those of people, so that an Administrator learns of no User ID whether there is one (security 20.9).
CREATE TABLE offer_to_nobody (
    id              TEXT COLLATE "C" PRIMARY KEY CHECK (id LIKE 'aff!_%' ESCAPE '!'),
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organization (id),
    subscriber_id   TEXT COLLATE "C" NOT NULL,
    proposed_to     TEXT COLLATE "C" NOT NULL,
    proposed_at     BIGINT NOT NULL,
    offered         TEXT NOT NULL,
    ended_at        BIGINT
);
CREATE UNIQUE INDEX offer_to_nobody_key ON offer_to_nobody (organization_id, proposed_to) WHERE ended_at IS NULL;
CREATE INDEX offer_to_nobody_of_person ON offer_to_nobody (organization_id, subscriber_id);
CREATE INDEX offer_to_nobody_due ON offer_to_nobody (proposed_at) WHERE ended_at IS NULL;
