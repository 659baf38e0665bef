-- The number on the notary's form of somebody who is to become an Administrator, which Support
-- types off paper; it is found after the form was judged, too.
ALTER TABLE promotion ADD COLUMN notary_reference TEXT COLLATE "C";
CREATE UNIQUE INDEX promotion_notary_reference_key ON promotion (notary_reference) WHERE notary_reference IS NOT NULL;
-- What waits for the support desk, and what falls due by date.
CREATE INDEX promotion_open ON promotion (state, moved_at, id) WHERE settled_at IS NULL;
