-- Public figures: counted by a worker month by month, kept, and read as they are.

-- name: kept_months(office_id, first)
-- What is kept since a month, the oldest first.
SELECT month, made_at, document FROM figure_month WHERE office_id = :office_id AND month >= :first ORDER BY month;

-- name: made(office_id, first)
-- Which months are kept, and how old each is.
SELECT month, made_at FROM figure_month WHERE office_id = :office_id AND month >= :first;

-- name: first_received(office_id)$
SELECT min(received_at) FROM ticket WHERE office_id = :office_id;

-- name: lock_figures(office_id)$
-- One worker counts at a time; false: another does.
SELECT pg_try_advisory_xact_lock(hashtext('complaints figures'), :office_id);

-- name: count_answers(office_id, starts_at, ends_at, zone)
-- Tickets received in a month: how many of each service, with the days of receipt and of the (first) answer. A promise is decided when
-- it was kept or its time has passed.
SELECT
    coalesce(k.service, '') AS service,
    (k.received_at AT TIME ZONE :zone)::date AS received_on,
    CASE WHEN d.outcome = 'met' THEN (d.ended_at AT TIME ZONE :zone)::date END AS answered_on,
    (d.outcome = 'met' AND d.ended_at <= d.due_at) IS TRUE AS in_time,
    (
        (d.outcome = 'met' AND d.ended_at <= d.due_at) IS TRUE
        OR (d.due_at < least(d.ended_at, d.paused_at, office_now())) IS TRUE
    ) AS decided,
    count(*)::integer AS n
FROM ticket AS k
LEFT JOIN deadline AS d
    ON d.office_id = k.office_id AND d.ticket_id = k.id AND d.target = 'answer' AND d.episode = 0
WHERE k.office_id = :office_id AND k.received_at >= :starts_at AND k.received_at < :ends_at
GROUP BY 1, 2, 3, 4, 5;

-- name: count_survey(office_id, starts_at, ends_at)^
-- Full sets of nine answers of a month: how many, and the sum for each element.
SELECT count(*)::integer AS n, array[
    coalesce(sum(answers[1]), 0), coalesce(sum(answers[2]), 0), coalesce(sum(answers[3]), 0),
    coalesce(sum(answers[4]), 0), coalesce(sum(answers[5]), 0), coalesce(sum(answers[6]), 0),
    coalesce(sum(answers[7]), 0), coalesce(sum(answers[8]), 0), coalesce(sum(answers[9]), 0)
]::bigint[] AS sums
FROM (
    SELECT s.answers FROM survey AS s WHERE s.office_id = :office_id AND s.at >= :starts_at AND s.at < :ends_at
    UNION ALL
    SELECT e.answers FROM rating AS r
    CROSS JOIN LATERAL (
        SELECT array_agg((r.elements::json ->> ('u' || n))::smallint ORDER BY n) AS answers FROM generate_series(1, 9) AS n
    ) AS e
    WHERE r.office_id = :office_id AND r.at >= :starts_at AND r.at < :ends_at
        AND array_position(e.answers, NULL) IS NULL
) AS full_sets;

-- name: keep_month(office_id, month, document)!
INSERT INTO figure_month (office_id, month, made_at, document)
VALUES (:office_id, :month, office_now(), :document)
ON CONFLICT (office_id, month) DO UPDATE SET made_at = EXCLUDED.made_at, document = EXCLUDED.document;
