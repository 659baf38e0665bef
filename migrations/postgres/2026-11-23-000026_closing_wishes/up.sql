-- When somebody asked to close an organization: the wish counts for thirty days. One that was there
-- before begins today.
ALTER TABLE organization ADD COLUMN closing_asked_at BIGINT;
UPDATE organization SET closing_asked_at = (extract(epoch FROM now()) * 1000)::BIGINT WHERE closing_asked_by IS NOT NULL;
UPDATE organization SET closing_asked_by = NULL, closing_asked_at = NULL WHERE status = 'closed';
CREATE INDEX organization_to_be_closed ON organization (closing_asked_at, id)
    WHERE closing_asked_at IS NOT NULL;
