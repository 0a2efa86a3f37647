-- Finds what is held
-- depends: 0033_floods
-- transaction: false

-- migrate: apply
-- Not beginning with office_id: it would take the primary key's place in the foreign keys' plans (decision 0006).
CREATE INDEX CONCURRENTLY IF NOT EXISTS ticket_held ON ticket (held_until) WHERE held_until IS NOT NULL;

-- migrate: rollback
DROP INDEX ticket_held;
