-- A citizen's opened ticket: which number the cookie opens, and whether it is the filer's own receipt
-- depends: 0011_whatsapp_work

-- migrate: apply
-- The number saves a look into ticket, which is hidden outside a scope.
ALTER TABLE ticket_cookie ADD COLUMN number text NOT NULL DEFAULT '';
-- Only who has just filed sees the tracking code again: a link in a mail must not turn into a code that lives for ever.
ALTER TABLE ticket_cookie ADD COLUMN shows_code boolean NOT NULL DEFAULT false;

-- migrate: rollback
ALTER TABLE ticket_cookie DROP COLUMN shows_code;
ALTER TABLE ticket_cookie DROP COLUMN number;
