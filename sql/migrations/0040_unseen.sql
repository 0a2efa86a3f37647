-- What was held for a look and went into the queue without one: its address stays spared of mails
-- depends: 0037_roll_up_index

-- migrate: apply
-- Its hold ended by the clock, and no person has done anything with it since. A case that is rejected then keeps it.
ALTER TABLE ticket ADD COLUMN unseen boolean NOT NULL DEFAULT false;

-- migrate: rollback
ALTER TABLE ticket DROP COLUMN unseen;
