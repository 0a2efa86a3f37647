-- Finds a person's last roll-ups
-- depends: 0036_look
-- transaction: false

-- migrate: apply
-- Not beginning with office_id: it would take the primary key's place in the foreign keys' plans (decision 0006).
CREATE INDEX CONCURRENTLY IF NOT EXISTS outbox_roll_up ON outbox (person_id, id) WHERE kind = 'roll_up';

-- migrate: rollback
DROP INDEX outbox_roll_up;
