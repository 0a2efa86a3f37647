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
-- Close a day once; no row: somebody else has, or there is nothing to close yet. Days on which no worker ran belong to the next seal;
-- a day on which nothing happened is sealed too.
WITH before AS MATERIALIZED (
    SELECT c.cutoff, c.root FROM chain_root AS c
    WHERE c.office_id = :office_id AND c.cutoff < :cutoff
    ORDER BY c.cutoff DESC
    LIMIT 1
),
made AS (
    SELECT before.cutoff AS since, r.tickets, r.root
    FROM before, chain_root_since(:office_id, before.cutoff, :cutoff, before.root) AS r
    UNION ALL
    SELECT NULL, r.tickets, r.root
    FROM chain_root_at(:office_id, :cutoff) AS r
    WHERE r.tickets > 0 AND NOT EXISTS (SELECT 1 FROM before)
)
INSERT INTO chain_root (office_id, day, cutoff, since, tickets, root)
SELECT :office_id, :day, :cutoff, made.since, made.tickets, made.root
FROM made
ON CONFLICT (office_id, day) DO NOTHING
RETURNING tickets, root;

-- name: sealed_days(office_id)
SELECT day FROM chain_root WHERE office_id = :office_id ORDER BY day;

-- name: broken_seals(office_id, first, last)
-- Days, of those from first to last, whose root can no longer be made from the events: something in them was rewritten, or, for one that
-- covers everything, before it.
SELECT c.day, c.tickets, r.tickets AS tickets_now
FROM (
    SELECT k.*, lag(k.root) OVER (ORDER BY k.cutoff) AS root_before
    FROM chain_root AS k
    WHERE k.office_id = :office_id
) AS c
CROSS JOIN LATERAL (
    SELECT s.tickets, s.root
    FROM chain_root_since(c.office_id, c.since, c.cutoff, c.root_before) AS s
    WHERE c.since IS NOT NULL
    UNION ALL
    -- What chain_root_at gives, without a look at each ticket that came later (no event is older than its ticket).
    SELECT a.tickets, a.root
    FROM (
        SELECT count(*) AS tickets, sha256(coalesce(string_agg(int8send(h.id) || h.head, ''::bytea ORDER BY h.id), ''::bytea)) AS root
        FROM (
            SELECT t.id, CASE WHEN t.last_event_at <= c.cutoff THEN t.chain_head ELSE (
                SELECT e.hash FROM ticket_event AS e
                WHERE e.office_id = t.office_id AND e.ticket_id = t.id AND e.at <= c.cutoff
                ORDER BY e.seq DESC LIMIT 1
            ) END AS head
            FROM ticket AS t
            WHERE t.office_id = c.office_id AND t.received_at <= c.cutoff
        ) AS h
        WHERE h.head IS NOT NULL
    ) AS a
    WHERE c.since IS NULL
) AS r
WHERE c.day BETWEEN :first AND :last AND (c.root, c.tickets) IS DISTINCT FROM (r.root, r.tickets)
ORDER BY c.day;
