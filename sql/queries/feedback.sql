-- name: office_ids()
SELECT o.id FROM office AS o ORDER BY o.id;

-- name: lock_cycles(office_id)!
-- One process closes a cycle at a time: what the others find after it is closed already.
SELECT pg_advisory_xact_lock(hashtext('complaints cycle'), :office_id);

-- name: last_monthly_end(office_id)^
-- Where the monthly cycles stand, and office time. NULL: none yet; they begin with the month of the first complaint.
SELECT
    office_now() AS office_time,
    (SELECT max(c.ends_at) FROM cycle AS c WHERE c.office_id = :office_id AND c.monthly) AS last_end;

-- name: first_received(office_id)$
SELECT min(k.received_at) FROM ticket AS k WHERE k.office_id = :office_id;

-- name: unresolved(office_id, ends_at)
-- Cases open at the end of a cycle whose promise (check, answer) was broken by then and had not been kept. A clock that waited for the
-- reporter at that moment counts only when it had run out before. The few promises are looked for first: joined at once, the planner
-- looked them up for every ticket there ever was (tried at a million tickets: longer than a statement may take, again and again).
WITH broken AS MATERIALIZED (
    SELECT d.office_id, d.ticket_id, d.target, d.due_at
    FROM deadline AS d
    WHERE d.office_id = :office_id AND d.target IN ('verify', 'answer') AND d.started_at < :ends_at
        AND (d.ended_at IS NULL OR d.ended_at >= :ends_at)
        AND (d.breached_at < :ends_at OR (d.due_at < :ends_at AND (d.paused_at IS NULL OR d.paused_at > d.due_at)))
)
SELECT DISTINCT ON (k.id)
    k.id, k.number, k.category, k.service, k.kind, k.unit_id, k.reported_units, k.reported_people, k.received_at,
    d.target, d.due_at, :ends_at::timestamptz AS until, NULL::smallint AS score, NULL::timestamptz AS at
FROM broken AS d
INNER JOIN ticket AS k ON k.office_id = d.office_id AND k.id = d.ticket_id
ORDER BY k.id, d.due_at;

-- name: reopened(office_id, starts_at, ends_at)
-- Cases that came back in the period, each once (its last return), with the answer promise of the episode that had been thought done.
SELECT DISTINCT ON (k.id)
    k.id, k.number, k.category, k.service, k.kind, k.unit_id, k.reported_units, k.reported_people, k.received_at,
    'answer' AS target, d.due_at, d.ended_at AS until, NULL::smallint AS score, e.at
FROM ticket_event AS e
INNER JOIN ticket AS k ON k.office_id = e.office_id AND k.id = e.ticket_id
LEFT JOIN deadline AS d
    ON d.office_id = e.office_id AND d.ticket_id = e.ticket_id AND d.target = 'answer'
        AND d.episode = (e.body::json ->> 'episode')::integer - 1
WHERE e.office_id = :office_id AND e.at >= :starts_at AND e.at < :ends_at AND e.undone_by IS NULL
    AND (e.type = 'reopened' OR (e.type = 'replied' AND e.body::json ->> 'reopens' = 'true'))
ORDER BY k.id, e.at DESC;

-- name: dissatisfied(office_id, starts_at, ends_at, worst)
-- Ratings up to ``worst`` given in the period, with the answer promise of the episode they judge.
SELECT
    k.id, k.number, k.category, k.service, k.kind, k.unit_id, k.reported_units, k.reported_people, k.received_at,
    'answer' AS target, d.due_at, d.ended_at AS until, r.score, r.at
FROM rating AS r
INNER JOIN ticket AS k ON k.office_id = r.office_id AND k.id = r.ticket_id
LEFT JOIN deadline AS d
    ON d.office_id = r.office_id AND d.ticket_id = r.ticket_id AND d.target = 'answer' AND d.episode = r.episode
WHERE r.office_id = :office_id AND r.at >= :starts_at AND r.at < :ends_at AND r.score <= :worst
ORDER BY k.id, r.episode;

-- name: next_cycle_id(office_id)$
SELECT coalesce(max(c.id), 0) + 1 FROM cycle AS c WHERE c.office_id = :office_id;

-- name: add_cycle(office_id, id, starts_at, ends_at, monthly, closed_at, closed_by, report, report_digest)!
INSERT INTO cycle (office_id, id, starts_at, ends_at, monthly, closed_at, closed_by, report, report_digest)
VALUES (:office_id, :id, :starts_at, :ends_at, :monthly, :closed_at, :closed_by, :report, :report_digest);

-- name: add_messages(rows)!
INSERT INTO outbox (office_id, dedupe_key, kind, way, recipient, person_id, address, params, created_at, released_at, message_id)
SELECT r.office_id, r.dedupe_key, r.kind, r.way, r.recipient, r.person_id, r.address, r.params, r.created_at, r.released_at, r.message_id
FROM json_populate_recordset(NULL::outbox, :rows::json) AS r
ON CONFLICT (office_id, dedupe_key) DO NOTHING;

-- name: cycles(office_id, before, limit)
-- The newest first, below the id ``before``.
SELECT c.id, c.starts_at, c.ends_at, c.monthly, c.closed_at, c.closed_by, c.report, c.report_digest
FROM cycle AS c
WHERE c.office_id = :office_id AND c.id < :before
ORDER BY c.id DESC
LIMIT :limit;

-- name: cycle(office_id, id)^
SELECT c.id, c.starts_at, c.ends_at, c.monthly, c.closed_at, c.closed_by, c.report, c.report_digest
FROM cycle AS c
WHERE c.office_id = :office_id AND c.id = :id;
