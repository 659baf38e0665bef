-- Organizations that are closed, and of which something is left to be brought to an end.
ALTER TABLE organization ADD COLUMN dissolving INTEGER NOT NULL DEFAULT 0 CHECK (dissolving IN (0, 1));
UPDATE organization SET dissolving = 1 WHERE status = 'closed';
CREATE INDEX organization_dissolving ON organization (id) WHERE dissolving;

-- The yearly look at an organization's people: when the last one was finished, and when and by whom
-- each person's rights were last confirmed.
ALTER TABLE organization ADD COLUMN people_reviewed_at INTEGER NOT NULL DEFAULT 0;
UPDATE organization SET people_reviewed_at = coalesce(confirmed_at, updated_at);
ALTER TABLE affiliation ADD COLUMN reviewed_at INTEGER;
ALTER TABLE affiliation ADD COLUMN reviewed_by TEXT CHECK ((reviewed_by IS NULL) = (reviewed_at IS NULL));
