-- What looks like a flood is taken and held for a look; one address gets one receipt by mail, however often it is named
-- depends: 0032_scope_estimates

-- migrate: apply
-- Until when a new ticket stands apart from the queue; empty: it does not. A case that was rejected while it was held keeps it: its
-- reporter is told nothing by mail.
ALTER TABLE ticket ADD COLUMN held_until timestamptz;

-- Receipts that one e-mail address (its blind index) has got since ``since``; a row is worth nothing after a day and goes then.
CREATE TABLE receipt_mail (
    office_id integer NOT NULL,
    contact_key bytea NOT NULL CHECK (octet_length(contact_key) = 32),
    since timestamptz NOT NULL,
    -- The outbox rows that may go: a message that is tried again is counted once.
    mails bigint [] NOT NULL,
    PRIMARY KEY (office_id, contact_key)
);

-- migrate: rollback
DROP TABLE receipt_mail;
ALTER TABLE ticket DROP COLUMN held_until;
