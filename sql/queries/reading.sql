-- name: ticket_by_number(office_id, number)^
-- One ticket with everything around it, as far as the transaction's scope sees it.
SELECT
    row_to_json(k)::text AS ticket,
    office_now() AS office_time,
    o.config_version,
    (SELECT row_to_json(c)::jsonb - 'search' - 'salt' - 'digest' FROM complaint_text AS c
     WHERE c.office_id = k.office_id AND c.ticket_id = k.id)::text AS words,
    (SELECT json_build_object('name', r.name, 'phone', r.phone, 'email', r.email, 'whatsapp', r.whatsapp) FROM reporter AS r
     WHERE r.office_id = k.office_id AND r.ticket_id = k.id AND r.erased_at IS NULL)::text AS reporter,
    (SELECT coalesce(json_agg(json_build_object('seq', m.seq, 'sender', m.sender, 'person_id', m.person_id, 'at', m.at,
        'released_at', m.released_at, 'text', m.text) ORDER BY m.seq), '[]')
     FROM message AS m INNER JOIN ticket_event AS e ON e.office_id = m.office_id AND e.ticket_id = m.ticket_id AND e.seq = m.seq
     WHERE m.office_id = k.office_id AND m.ticket_id = k.id AND m.erased_at IS NULL AND e.undone_by IS NULL)::text AS messages,
    (SELECT json_agg(json_build_object('seq', e.seq, 'at', e.at, 'type', e.type, 'actor', e.actor, 'person_id', e.person_id,
        'body', e.body, 'released_at', e.released_at, 'undone_by', e.undone_by) ORDER BY e.seq)
     FROM ticket_event AS e WHERE e.office_id = k.office_id AND e.ticket_id = k.id)::text AS events,
    (SELECT coalesce(json_agg(d ORDER BY d.episode, d.started_at), '[]') FROM deadline AS d
     WHERE d.office_id = k.office_id AND d.ticket_id = k.id)::text AS deadlines,
    (SELECT coalesce(json_agg(json_build_object('id', a.id, 'seq', a.seq, 'name', a.name, 'media_type', a.media_type, 'size', a.size,
        'has_preview', a.preview_sha256 IS NOT NULL, 'erased', a.erased_at IS NOT NULL, 'trouble', a.trouble) ORDER BY a.seq, a.position), '[]')
     FROM attachment AS a WHERE a.office_id = k.office_id AND a.ticket_id = k.id)::text AS attachments,
    (SELECT json_build_object('score', g.score, 'at', g.at) FROM rating AS g
     WHERE g.office_id = k.office_id AND g.ticket_id = k.id AND g.episode = k.episode)::text AS rating,
    (SELECT m.number FROM ticket AS m WHERE m.office_id = k.office_id AND m.id = k.merged_into) AS merged_into_number,
    (SELECT row_to_json(m) FROM merged_outcome(k.office_id, k.merged_into) AS m WHERE k.merged_into IS NOT NULL)::text AS merged_outcome,
    (SELECT count(*) FROM merged_reporters(k.office_id, k.id))::integer AS merged_here
FROM ticket AS k
INNER JOIN office AS o ON o.id = k.office_id
WHERE k.office_id = :office_id AND k.number = :number;

-- name: id_by_number(office_id, number)^
-- For comparing a tracking code before anything is read: no personal content.
SELECT id, key_id FROM ticket WHERE office_id = :office_id AND number = :number;

-- name: log_look(office_id, person_id, ticket_id, what)!
INSERT INTO access_log (office_id, person_id, ticket_id, what) VALUES (:office_id, :person_id, :ticket_id, :what);

-- name: queue(office_id, units, own_units, person, statuses, unit, assignee, unassigned, category, service, kind, channel, priority, due_before, due_from, received_from, received_before, found, after_due, after_id, most)
-- The open queue by next breach; keyset (next_due_at, id). The page is cut before any words are looked up: with them inside, the
-- planner reads the words of the whole backlog (tried at 10,000 open tickets: 136 ms, cut first 2).
WITH listed AS MATERIALIZED (
    SELECT k.*
    FROM ticket AS k
    WHERE k.office_id = :office_id
        AND k.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
        AND k.held_until IS NULL
        AND k.unit_id = ANY (:units::integer[])
        AND NOT k.reported_units && :own_units::integer[]
        AND NOT :person::integer = ANY (k.reported_people)
        AND (:statuses::text[] IS NULL OR k.status = ANY (:statuses::text[]))
        AND (:unit::integer IS NULL OR k.unit_id = :unit::integer)
        AND (:assignee::integer IS NULL OR k.assignee_id = :assignee::integer)
        AND (NOT :unassigned::boolean OR k.assignee_id IS NULL)
        AND (:category::text IS NULL OR k.category = :category::text)
        AND (:service::text IS NULL OR k.service = :service::text)
        AND (:kind::text IS NULL OR k.kind = :kind::text)
        AND (:channel::text IS NULL OR k.channel = :channel::text)
        AND (:priority::text IS NULL OR k.priority = :priority::text)
        AND (:due_before::timestamptz IS NULL OR k.next_due_at < :due_before::timestamptz)
        AND (:due_from::timestamptz IS NULL OR k.next_due_at >= :due_from::timestamptz)
        AND (:received_from::timestamptz IS NULL OR k.received_at >= :received_from::timestamptz)
        AND (:received_before::timestamptz IS NULL OR k.received_at < :received_before::timestamptz)
        AND (:found::bigint[] IS NULL OR k.id = ANY (:found::bigint[]))
        AND (:after_due::timestamptz IS NULL OR (k.next_due_at, k.id) > (:after_due::timestamptz, :after_id::bigint))
    ORDER BY k.next_due_at, k.id
    LIMIT :most::integer
)
SELECT
    k.id, k.number, k.status, k.kind, k.category, k.service, k.channel, k.privacy, k.priority, k.unit_id, k.assignee_id,
    k.received_at, k.next_due_at, k.level, k.version, k.oversight, k.requested_days, c.subject, left(c.description, 160) AS excerpt
FROM listed AS k
INNER JOIN complaint_text AS c ON c.office_id = k.office_id AND c.ticket_id = k.id
ORDER BY k.next_due_at, k.id;

-- name: by_receipt(office_id, units, own_units, person, statuses, unit, assignee, unassigned, category, service, kind, channel, priority, due_before, due_from, received_from, received_before, found, after_due, after_id, most)
-- All tickets, ended ones too, newest first; keyset (received_at, id) descending. Parameters as in queue.
WITH listed AS MATERIALIZED (
    SELECT k.*
    FROM ticket AS k
    WHERE k.office_id = :office_id
        AND k.unit_id = ANY (:units::integer[])
        AND NOT k.reported_units && :own_units::integer[]
        AND NOT :person::integer = ANY (k.reported_people)
        AND (:statuses::text[] IS NULL OR k.status = ANY (:statuses::text[]))
        AND (:unit::integer IS NULL OR k.unit_id = :unit::integer)
        AND (:assignee::integer IS NULL OR k.assignee_id = :assignee::integer)
        AND (NOT :unassigned::boolean OR k.assignee_id IS NULL)
        AND (:category::text IS NULL OR k.category = :category::text)
        AND (:service::text IS NULL OR k.service = :service::text)
        AND (:kind::text IS NULL OR k.kind = :kind::text)
        AND (:channel::text IS NULL OR k.channel = :channel::text)
        AND (:priority::text IS NULL OR k.priority = :priority::text)
        AND (:due_before::timestamptz IS NULL OR k.next_due_at < :due_before::timestamptz)
        AND (:due_from::timestamptz IS NULL OR k.next_due_at >= :due_from::timestamptz)
        AND (:received_from::timestamptz IS NULL OR k.received_at >= :received_from::timestamptz)
        AND (:received_before::timestamptz IS NULL OR k.received_at < :received_before::timestamptz)
        AND (:found::bigint[] IS NULL OR k.id = ANY (:found::bigint[]))
        AND (:after_due::timestamptz IS NULL OR (k.received_at, k.id) < (:after_due::timestamptz, :after_id::bigint))
    ORDER BY k.received_at DESC, k.id DESC
    LIMIT :most::integer
)
SELECT
    k.id, k.number, k.status, k.kind, k.category, k.service, k.channel, k.privacy, k.priority, k.unit_id, k.assignee_id,
    k.received_at, k.next_due_at, k.level, k.version, k.oversight, k.requested_days, c.subject, left(c.description, 160) AS excerpt,
    CASE WHEN k.status = 'received' THEN k.held_until END AS held_until
FROM listed AS k
INNER JOIN complaint_text AS c ON c.office_id = k.office_id AND c.ticket_id = k.id
ORDER BY k.received_at DESC, k.id DESC;

-- name: queue_counts(office_id, units, own_units, person)^
SELECT
    count(*) AS open,
    count(*) FILTER (WHERE k.next_due_at < (SELECT office_now()) AND k.status IN ('received', 'verified', 'in_progress')) AS overdue,
    count(*) FILTER (WHERE k.assignee_id IS NULL AND k.status <> 'answered') AS unassigned,
    count(*) FILTER (WHERE k.assignee_id = :person::integer) AS mine,
    count(*) FILTER (WHERE k.status = 'received') AS received,
    count(*) FILTER (WHERE k.status = 'verified') AS verified,
    count(*) FILTER (WHERE k.status = 'in_progress') AS in_progress,
    count(*) FILTER (WHERE k.status = 'waiting_reporter') AS waiting_reporter,
    count(*) FILTER (WHERE k.status = 'answered') AS answered
FROM ticket AS k
WHERE k.office_id = :office_id
    AND k.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
    AND k.held_until IS NULL
    AND k.unit_id = ANY (:units::integer[])
    AND NOT k.reported_units && :own_units::integer[]
    AND NOT :person::integer = ANY (k.reported_people);

-- name: held(office_id, units, own_units, person, most)
-- What is held in the scope, those first whose time is over first; ``alike_key`` is the same for the same words.
WITH listed AS MATERIALIZED (
    SELECT k.* FROM ticket AS k
    WHERE k.held_until IS NOT NULL AND k.status = 'received' AND k.office_id = :office_id
        AND k.unit_id = ANY (:units::integer[])
        AND NOT k.reported_units && :own_units::integer[]
        AND NOT :person::integer = ANY (k.reported_people)
    ORDER BY k.held_until, k.id
    LIMIT :most::integer
)
SELECT
    k.id, k.number, k.version, k.unit_id, k.received_at, k.held_until, left(c.description, 160) AS excerpt,
    e.body::json ->> 'held' AS why, md5(c.description) AS alike_key
FROM listed AS k
INNER JOIN complaint_text AS c ON c.office_id = k.office_id AND c.ticket_id = k.id
INNER JOIN ticket_event AS e ON e.office_id = k.office_id AND e.ticket_id = k.id AND e.seq = 1
ORDER BY k.held_until, k.id;

-- name: held_count(office_id, units, own_units, person, most)$
-- How many are held in the scope; counts no further than ``most``.
SELECT count(*) FROM (
    SELECT 1 FROM ticket AS k
    WHERE k.held_until IS NOT NULL AND k.status = 'received' AND k.office_id = :office_id
        AND k.unit_id = ANY (:units::integer[])
        AND NOT k.reported_units && :own_units::integer[]
        AND NOT :person::integer = ANY (k.reported_people)
    LIMIT :most::integer
) AS counted;

-- name: search(office_id, units, own_units, person, words, most)
-- Full text in the scope: every word, stemmed or as it stands, the last one as a beginning.
SELECT s.id FROM search_tickets(
    :office_id, :units::integer[], :own_units::integer[], :person,
    websearch_to_tsquery('indonesian', :words) || websearch_to_tsquery('simple', :words), :most
) AS s;
