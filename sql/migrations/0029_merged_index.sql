-- Finds what was merged into a ticket; checks of new kinds of settings and texts are validated
-- depends: 0028_merged_outcomes
-- transaction: false

-- migrate: apply
-- Not beginning with office_id: it would take the primary key's place in the foreign keys' plans (decision 0006).
CREATE INDEX CONCURRENTLY IF NOT EXISTS ticket_merged_into ON ticket (merged_into) WHERE merged_into IS NOT NULL;
ALTER TABLE office_event VALIDATE CONSTRAINT office_event_what_check;
ALTER TABLE guidance VALIDATE CONSTRAINT guidance_kind_check;

-- migrate: rollback
DROP INDEX ticket_merged_into;
