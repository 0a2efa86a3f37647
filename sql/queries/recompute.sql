-- Open tickets that lag behind a version of policy or calendar: the work of bringing them to it, and what it would do.

-- name: fired_timers(office_id, ids, episodes)
-- What has fired in the running episode of tickets that lag behind a version of policy or calendar.
SELECT s.ticket_id, json_agg(s)::text AS timers
FROM unnest(:ids::bigint[], :episodes::integer[]) AS t (id, episode)
INNER JOIN sla_timer AS s ON s.office_id = :office_id AND s.ticket_id = t.id AND s.episode = t.episode AND s.state = 'fired'
GROUP BY s.ticket_id;

-- name: start(office_id, cause, version, due_at)$
-- One piece of work, in the transaction that publishes the version. due_at null: now. Returns its id.
INSERT INTO recompute (office_id, cause, version, due_at, total)
SELECT
    :office_id, :cause, :version::integer, coalesce(:due_at::timestamptz, office_now()),
    (
        SELECT count(*) FROM ticket AS k
        WHERE k.office_id = :office_id AND k.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
    )
RETURNING id;

-- name: call_off(office_id, cause, version)!
-- The version was taken back before its work began.
UPDATE recompute SET state = 'done', ended_at = office_now()
WHERE office_id = :office_id AND cause = :cause AND version = :version AND state = 'running';

-- name: claim_range(most)^
-- The next open tickets of a piece of work that is due, for whoever asks first. Its row is held for this one statement only, so that
-- several workers share the work; what a worker that dies had in hand is found at the end (see `finish`). upto null: the walk is at
-- its end. No row: nothing is due, or others hold it at this moment.
WITH job AS MATERIALIZED (
    SELECT r.office_id, r.id, r.cause, r.version, r.after_ticket_id
    FROM recompute AS r
    WHERE r.state = 'running' AND r.due_at <= (SELECT office_now())
    ORDER BY r.due_at, r.office_id, r.id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
),
reached AS MATERIALIZED (
    SELECT max(t.id) AS upto, count(t.id) AS many
    FROM job
    CROSS JOIN LATERAL (
        SELECT k.id FROM ticket AS k
        WHERE k.office_id = job.office_id AND k.id > job.after_ticket_id
            AND k.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
        ORDER BY k.id
        LIMIT :most
    ) AS t
),
claimed AS (
    UPDATE recompute AS r SET
        after_ticket_id = coalesce(reached.upto, r.after_ticket_id),
        looked_at = least(r.total, r.looked_at + reached.many)
    FROM job, reached
    WHERE r.office_id = job.office_id AND r.id = job.id
)
SELECT job.office_id, job.id, job.cause, job.version, job.after_ticket_id AS after, reached.upto
FROM job
CROSS JOIN reached;

-- name: claim_lagging(office_id, after, upto, policy, calendar)
-- The tickets of a range that lag, locked, with all that a recomputation needs; what somebody else holds comes in a later round.
-- Who lags is found first and not below the lock: there PostgreSQL looks again at a row that somebody else has changed meanwhile, and
-- if only then a sub-select over a table under a policy is reached, at the second such row the server dies (tests/service/test_locked_rows.py).
WITH behind AS MATERIALIZED (
    SELECT k.id
    FROM ticket AS k
    WHERE k.office_id = :office_id AND k.id > :after AND k.id <= :upto
        AND k.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
        AND (
            k.policy_version < :policy::integer
            OR EXISTS (
                SELECT 1 FROM deadline AS d
                WHERE d.office_id = k.office_id AND d.ticket_id = k.id AND d.ended_at IS NULL
                    AND (d.calendar_version < :calendar::integer OR d.policy_version < :policy::integer)
            )
        )
),
locked AS MATERIALIZED (
    SELECT k.office_id, k.id, k.episode, k AS whole
    FROM ticket AS k
    INNER JOIN behind ON behind.id = k.id
    WHERE k.office_id = :office_id AND k.id > :after AND k.id <= :upto
        AND k.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
    ORDER BY k.id
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
    (
        SELECT coalesce(json_agg(s), '[]')::text FROM sla_timer AS s
        WHERE s.office_id = l.office_id AND s.ticket_id = l.id AND s.episode = l.episode AND s.state = 'fired'
    ) AS fired,
    r.email IS NOT NULL AS has_email,
    ARRAY(SELECT 'push:' || p.id FROM push_subscription AS p WHERE p.office_id = l.office_id AND p.ticket_id = l.id) AS devices,
    r.chat_id,
    (SELECT max(e.seq) FROM ticket_event AS e WHERE e.office_id = l.office_id AND e.ticket_id = l.id) AS snapshot_seq
FROM locked AS l
INNER JOIN office AS o ON o.id = l.office_id
LEFT JOIN reporter AS r ON r.office_id = l.office_id AND r.ticket_id = l.id
ORDER BY l.id;

-- name: follow(office_id, ids, policy, calendar)!
-- Locked tickets for which newer versions change nothing: only the versions are written.
WITH promised AS (
    UPDATE deadline AS d SET
        policy_version = greatest(d.policy_version, :policy::integer),
        calendar_version = greatest(d.calendar_version, :calendar::integer)
    WHERE d.office_id = :office_id AND d.ticket_id = ANY (:ids::bigint[]) AND d.ended_at IS NULL
)
UPDATE ticket AS k SET
    policy_version = greatest(k.policy_version, :policy::integer),
    calendar_version = greatest(k.calendar_version, :calendar::integer)
WHERE k.office_id = :office_id AND k.id = ANY (:ids::bigint[]);

-- name: count_done(office_id, id, moved, moved_later, breached)!
UPDATE recompute SET
    moved = moved + :moved::integer, moved_later = moved_later + :moved_later::integer, breached = breached + :breached::integer
WHERE office_id = :office_id AND id = :id;

-- name: finish(office_id, id, policy, calendar)^
-- At the end of the walk: done when no open ticket lags, else the walk goes back to the first that does (it was locked, or its worker
-- died). A ticket that cannot be recomputed has its alarm and holds up nothing. No row: somebody else is at it.
WITH job AS MATERIALIZED (
    SELECT r.office_id, r.id FROM recompute AS r
    WHERE r.office_id = :office_id AND r.id = :id AND r.state = 'running'
    FOR NO KEY UPDATE SKIP LOCKED
),
lagging AS MATERIALIZED (
    SELECT min(k.id) AS id
    FROM ticket AS k
    WHERE k.office_id = :office_id
        AND k.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
        AND (
            k.policy_version < :policy::integer
            OR EXISTS (
                SELECT 1 FROM deadline AS d
                WHERE d.office_id = k.office_id AND d.ticket_id = k.id AND d.ended_at IS NULL
                    AND (d.calendar_version < :calendar::integer OR d.policy_version < :policy::integer)
            )
        )
        AND NOT EXISTS (
            SELECT 1 FROM alarm AS a
            WHERE a.office_id = k.office_id AND a.cleared_at IS NULL AND a.key = 'recompute_failed:' || k.id
        )
)
UPDATE recompute AS r SET
    state = CASE WHEN lagging.id IS NULL THEN 'done' ELSE 'running' END,
    ended_at = CASE WHEN lagging.id IS NULL THEN office_now() END,
    looked_at = CASE WHEN lagging.id IS NULL THEN r.total ELSE r.looked_at END,
    after_ticket_id = coalesce(lagging.id - 1, r.after_ticket_id)
FROM job, lagging
WHERE r.office_id = job.office_id AND r.id = job.id
RETURNING r.state;

-- name: put_aside(office_id, ticket_id)!
-- A ticket whose rows contradict the rules: an administrator is told, and the work goes on without it.
INSERT INTO alarm (office_id, key, what)
VALUES (:office_id, 'recompute_failed:' || :ticket_id::bigint, 'recompute_failed')
ON CONFLICT (office_id, key) WHERE cleared_at IS NULL DO NOTHING;

-- name: next_due()$
-- When the next piece of work begins (office time); nothing: there is none.
SELECT min(due_at) FROM recompute WHERE state = 'running';

-- name: pieces(office_id, most)
-- Pieces of work, the newest first.
SELECT id, cause, version, state, looked_at, total, moved, moved_later, breached, made_at, due_at, ended_at
FROM recompute
WHERE office_id = :office_id
ORDER BY id DESC
LIMIT :most;

-- name: piece(office_id, id)^
SELECT id, cause, version, state, looked_at, total, moved, moved_later, breached, made_at, due_at, ended_at
FROM recompute
WHERE office_id = :office_id AND id = :id;

-- name: open_count(office_id)$
SELECT count(*) FROM ticket
WHERE office_id = :office_id AND status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered');

-- name: open_page(office_id, after, most)
-- Open tickets with their deadlines that have not ended, in the order of their ids.
SELECT
    k.id,
    row_to_json(k)::text AS ticket,
    (
        SELECT coalesce(json_agg(d), '[]')::text FROM deadline AS d
        WHERE d.office_id = k.office_id AND d.ticket_id = k.id AND d.ended_at IS NULL
    ) AS deadlines
FROM ticket AS k
WHERE k.office_id = :office_id AND k.id > :after
    AND k.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
ORDER BY k.id
LIMIT :most;

-- name: visible(office_id, numbers)
-- Which of these tickets the transaction's scope may see.
SELECT number FROM ticket WHERE office_id = :office_id AND number = ANY (:numbers::text[]);
