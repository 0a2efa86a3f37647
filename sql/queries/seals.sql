-- name: sealed(office_id, day)$
SELECT 1 FROM chain_root WHERE office_id = :office_id AND day = :day;

-- name: may_seal()$
-- Not while made-up tickets are being copied: their past would end up in a day that is sealed. Ends with the transaction.
SELECT pg_try_advisory_xact_lock_shared(hashtext('complaints seals'));

-- name: hold_seals()$
-- For whoever copies tickets with a past: waits for a seal in the making, and lets none begin. Ends with the transaction, however
-- long that waits between two statements.
SELECT set_config('idle_in_transaction_session_timeout', '0', true), pg_advisory_xact_lock(hashtext('complaints seals'));

-- name: last_sealed(office_id)$
SELECT max(day) FROM chain_root WHERE office_id = :office_id;

-- name: seal(office_id, day, cutoff)^
-- Close a day once; no row: somebody else has, or there is nothing to close yet.
INSERT INTO chain_root (office_id, day, cutoff, tickets, root)
SELECT :office_id, :day, :cutoff, r.tickets, r.root
FROM chain_root_at(:office_id, :cutoff) AS r
WHERE r.tickets > 0
ON CONFLICT (office_id, day) DO NOTHING
RETURNING tickets, root;

-- name: broken_seals(office_id)
-- Days whose root can no longer be made from the events: something before their end was rewritten.
SELECT c.day, c.tickets, r.tickets AS tickets_now
FROM chain_root AS c, chain_root_at(c.office_id, c.cutoff) AS r
WHERE c.office_id = :office_id AND (c.root, c.tickets) IS DISTINCT FROM (r.root, r.tickets)
ORDER BY c.day;
