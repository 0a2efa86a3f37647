-- name: claim_timers(batch)
-- Tickets with due timers, each ticket once, locked before their timers (locking in the other order deadlocks with commands); what
-- somebody else holds is skipped and comes with the next sweep. The window is wider than the batch, so that batches side by side
-- find tickets that are free.
WITH due AS MATERIALIZED (
    SELECT t.office_id, t.ticket_id, min(t.due_at) AS due_at
    FROM (
        SELECT s.office_id, s.ticket_id, s.due_at
        FROM sla_timer AS s
        WHERE s.state = 'armed' AND s.due_at <= (SELECT office_now())
        ORDER BY s.due_at
        LIMIT 4 * :batch::integer
    ) AS t
    GROUP BY t.office_id, t.ticket_id
),
locked AS MATERIALIZED (
    SELECT k.office_id, k.id, k AS whole, due.due_at
    FROM ticket AS k
    INNER JOIN due ON due.office_id = k.office_id AND due.ticket_id = k.id
    ORDER BY due.due_at
    LIMIT :batch::integer
    FOR NO KEY UPDATE OF k SKIP LOCKED
)
SELECT
    row_to_json(l.whole)::text AS ticket,
    o.config_version,
    (SELECT office_now()) AS office_time,
    (SELECT coalesce(json_agg(d), '[]')::text FROM deadline AS d WHERE d.office_id = l.office_id AND d.ticket_id = l.id) AS deadlines,
    (
        SELECT coalesce(json_agg(s), '[]')::text FROM sla_timer AS s
        WHERE s.office_id = l.office_id AND s.ticket_id = l.id AND s.state = 'armed'
    ) AS timers,
    r.email IS NOT NULL AS has_email,
    ARRAY(SELECT 'push:' || p.id FROM push_subscription AS p WHERE p.office_id = l.office_id AND p.ticket_id = l.id) AS devices,
    r.chat_id,
    (SELECT max(e.seq) FROM ticket_event AS e WHERE e.office_id = l.office_id AND e.ticket_id = l.id) AS snapshot_seq
FROM locked AS l
INNER JOIN office AS o ON o.id = l.office_id
LEFT JOIN reporter AS r ON r.office_id = l.office_id AND r.ticket_id = l.id
ORDER BY l.due_at;

-- name: put_aside(office_id, ticket_id, most)^
-- A ticket whose timers cannot be fired steps aside: for a minute, and from the last try on for an hour at a time with an alarm.
-- It stays armed all the same (I12): what is mended later still fires.
WITH tried AS (
    UPDATE sla_timer SET
        attempts = least(attempts + 1, 30000),
        due_at = office_now() + CASE WHEN attempts + 1 >= :most THEN interval '1 hour' ELSE interval '1 minute' END
    WHERE office_id = :office_id AND ticket_id = :ticket_id AND state = 'armed' AND due_at <= (SELECT office_now())
    RETURNING attempts >= :most AS hopeless
),
alarmed AS (
    INSERT INTO alarm (office_id, key, what)
    SELECT :office_id, 'poison_timer:' || :ticket_id::text, 'poison_timer' FROM tried WHERE tried.hopeless LIMIT 1
    ON CONFLICT (office_id, key) WHERE cleared_at IS NULL DO NOTHING
)
SELECT count(*) AS tried FROM tried;

-- name: next_due()$
-- When the next timer is due (office time), for waking in time.
SELECT min(due_at) FROM sla_timer WHERE state = 'armed';

-- name: timers_due()$
SELECT count(*) FROM sla_timer WHERE state = 'armed' AND due_at <= (SELECT office_now());
