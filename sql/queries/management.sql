-- Figures of the management pages. Every query takes the viewer's scope as parameters (D7): the units in sight, without tickets that
-- name the viewer or one of the viewer's own units. "Owed" are the tickets that still wait for something the office promised.

-- name: figures_now(office_id, units, own_units, person_id)^
-- What cannot wait, and the moment (office time) all figures of the page are of.
WITH moment AS MATERIALIZED (SELECT office_now() AS at),
owed AS MATERIALIZED (
    SELECT
        number, assignee_id, received_at,
        -- While the office waits for the reporter, the running clock is not its own.
        CASE WHEN status <> 'waiting_reporter' THEN next_due_at END AS next_due_at
    FROM ticket
    WHERE office_id = :office_id
        AND status IN ('received', 'verified', 'in_progress', 'waiting_reporter')
        AND unit_id = ANY (:units::integer[])
        AND NOT reported_units && :own_units::integer[]
        AND NOT :person_id::integer = ANY (reported_people)
)
SELECT
    m.at,
    count(o.number) AS owed,
    count(*) FILTER (WHERE o.next_due_at < m.at) AS overdue,
    count(*) FILTER (WHERE o.next_due_at >= m.at AND o.next_due_at < m.at + interval '24 hours') AS due_soon,
    count(o.number) FILTER (WHERE o.assignee_id IS NULL) AS unassigned,
    min(o.received_at) AS oldest_received_at,
    (SELECT number FROM owed ORDER BY received_at, number LIMIT 1) AS oldest_number
FROM moment AS m LEFT JOIN owed AS o ON true
GROUP BY m.at;

-- name: figures_deadlines(office_id, units, own_units, person_id, since, at)
-- Promises decided since a moment: kept, or their time has passed. A ticket that ended before that moment has none left to decide, so
-- only open tickets and those that ended since are looked at (both by partial indexes).
SELECT
    decided.target,
    count(*) AS n,
    count(*) FILTER (WHERE decided.met) AS met
FROM (
    SELECT
        d.target,
        d.outcome = 'met' AND d.ended_at <= d.due_at AS met,
        CASE
            WHEN d.outcome = 'met' AND d.ended_at <= d.due_at THEN d.ended_at
            WHEN d.due_at < least(d.ended_at, d.paused_at, :at::timestamptz) THEN d.due_at
        END AS decided_at
    FROM ticket AS k
    INNER JOIN deadline AS d ON d.office_id = k.office_id AND d.ticket_id = k.id
    WHERE k.office_id = :office_id
        AND (
            k.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
            OR (k.ended_at IS NOT NULL AND k.ended_at >= :since::timestamptz)
        )
        AND k.unit_id = ANY (:units::integer[])
        AND NOT k.reported_units && :own_units::integer[]
        AND NOT :person_id::integer = ANY (k.reported_people)
        AND d.target IN ('verify', 'answer')
) AS decided
WHERE decided.decided_at >= :since::timestamptz
GROUP BY decided.target;

-- name: figures_backlog(office_id, units, own_units, person_id, bounds, at)
-- Owed tickets by unit and by age: bounds are the moments of receipt that part the bands, the oldest first.
SELECT
    unit_id,
    width_bucket(received_at, :bounds::timestamptz[]) AS band,
    count(*) AS n,
    count(*) FILTER (WHERE next_due_at < :at::timestamptz AND status <> 'waiting_reporter') AS overdue
FROM ticket
WHERE office_id = :office_id
    AND status IN ('received', 'verified', 'in_progress', 'waiting_reporter')
    AND unit_id = ANY (:units::integer[])
    AND NOT reported_units && :own_units::integer[]
    AND NOT :person_id::integer = ANY (reported_people)
GROUP BY unit_id, band;

-- name: figures_flow(office_id, units, own_units, person_id, starts, first)
-- Tickets received and tickets ended in each week; starts are the first moments of the weeks, the oldest first.
SELECT
    week,
    sum(came_in)::integer AS came_in,
    sum(went_out)::integer AS went_out
FROM (
    SELECT width_bucket(received_at, :starts::timestamptz[]) AS week, 1 AS came_in, 0 AS went_out
    FROM ticket
    WHERE office_id = :office_id
        AND received_at >= :first::timestamptz
        AND unit_id = ANY (:units::integer[])
        AND NOT reported_units && :own_units::integer[]
        AND NOT :person_id::integer = ANY (reported_people)
    UNION ALL
    SELECT width_bucket(ended_at, :starts::timestamptz[]), 0, 1
    FROM ticket
    WHERE office_id = :office_id
        AND ended_at IS NOT NULL
        AND ended_at >= :first::timestamptz
        AND unit_id = ANY (:units::integer[])
        AND NOT reported_units && :own_units::integer[]
        AND NOT :person_id::integer = ANY (reported_people)
) AS moves
GROUP BY week;

-- name: figures_satisfaction(office_id, units, own_units, person_id, starts, first)
-- Ratings by week and score.
SELECT
    width_bucket(r.at, :starts::timestamptz[]) AS week,
    r.score,
    count(*) AS n
FROM rating AS r
INNER JOIN ticket AS k ON k.office_id = r.office_id AND k.id = r.ticket_id
WHERE r.office_id = :office_id
    AND r.at >= :first::timestamptz
    AND k.unit_id = ANY (:units::integer[])
    AND NOT k.reported_units && :own_units::integer[]
    AND NOT :person_id::integer = ANY (k.reported_people)
GROUP BY week, r.score;

-- name: open_alarms(office_id)
-- What an administrator must see, the latest first.
SELECT id, key, what, details, raised_at
FROM alarm
WHERE office_id = :office_id AND cleared_at IS NULL
ORDER BY raised_at DESC, id DESC
LIMIT 100;

-- name: calendar_confirmed_through(office_id)$
-- The last day whose holidays somebody has confirmed in the calendar that counts now.
SELECT confirmed_through FROM calendar WHERE office_id = :office_id ORDER BY version DESC LIMIT 1;
