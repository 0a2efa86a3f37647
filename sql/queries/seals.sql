-- name: sealed(office_id, day)$
SELECT 1 FROM chain_root WHERE office_id = :office_id AND day = :day;

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
