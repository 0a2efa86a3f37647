-- name: merged_reporters(office_id, ticket_id)
-- Reporters whose cases were merged into a ticket, with how they can be reached.
SELECT ticket_id, episode, has_email, chat_id FROM merged_reporters(:office_id, :ticket_id);

-- name: file_complaint(config_version, at, office_id, key_hash, body_hash, least_open_unit, not_to, absent, year, status, status_before, kind, channel, privacy, language, category, service, priority, simple, oversight, unit_id, reported_units, reported_people, received_at, filed_by, next_due_at, last_sign_at, split_from, held_until, policy_version, calendar_version, key_id, seq, version, chain_seed, chain_head, subject, description, location, occurred_on, reported, text_salt, text_digest, name, phone, email, whatsapp, phone_key, email_key, chat_id, reporter_salt, reporter_digest, type, actor, person_id, body, content_digest, deadlines, timers, outbox)^
-- Filing in one round trip and one statement (parameters: tickets/filing.py): idempotency key, number, ticket, words, first event, deadlines, timers, outbox rows.
-- Nothing is written when the key is known, when the office's rows have changed since they were read (config_version), or when the
-- process's estimate of office time is more than 5 s off. Answers come from the CTEs that made them: under row-level security the
-- rows themselves are not visible here.
WITH guard AS MATERIALIZED (
    SELECT
        o.number_prefix,
        o.config_version = :config_version::bigint AS config_current,
        abs(extract(EPOCH FROM t.office_time - :at::timestamptz)) < 5 AS clock_right,
        t.office_time
    FROM office AS o, (SELECT office_now() AS office_time) AS t
    WHERE o.id = :office_id::integer
),
new_id AS MATERIALIZED (
    SELECT nextval(format('ticket_number_%s', :office_id::integer)::regclass) AS id
    FROM guard
    WHERE guard.config_current AND guard.clock_right
        AND NOT EXISTS (
            SELECT 1 FROM idempotency_key AS k
            WHERE k.office_id = :office_id::integer AND k.key_hash = :key_hash::bytea
        )
),
taken AS (
    INSERT INTO idempotency_key (office_id, key_hash, body_hash, ticket_id)
    SELECT :office_id::integer, :key_hash::bytea, :body_hash::bytea, new_id.id FROM new_id
    ON CONFLICT (office_id, key_hash) DO NOTHING
    RETURNING ticket_id AS id
),
assignee AS MATERIALIZED (
    SELECT p.id
    FROM person AS p
    WHERE :least_open_unit::integer IS NOT NULL
        AND p.office_id = :office_id::integer AND p.unit_id = :least_open_unit::integer AND p.active AND p.role = 'officer'
        AND NOT p.id = ANY (:not_to::integer[]) AND NOT p.id = ANY (:absent::integer[])
    ORDER BY open_cases(p.office_id, p.id), p.id
    LIMIT 1
),
numbered AS MATERIALIZED (
    SELECT
        taken.id,
        format('%s-%s-%s', guard.number_prefix, :year::text, lpad(taken.id::text, greatest(6, length(taken.id::text)), '0')) AS number,
        (SELECT assignee.id FROM assignee) AS assignee_id
    FROM taken, guard
),
new_ticket AS (
    INSERT INTO ticket (
        office_id, id, number, status, status_before, released_at, kind, channel, privacy, language, category, service, priority,
        simple, oversight, unit_id, assignee_id, reported_units, reported_people, received_at, filed_by, next_due_at, last_sign_at,
        split_from, held_until, policy_version, calendar_version, key_id, seq, version, chain_seed, chain_head, last_event_at
    )
    SELECT
        :office_id::integer, n.id, n.number, :status::text, :status_before::text, :at::timestamptz, :kind::text, :channel::text,
        :privacy::text, :language::text, :category::text, :service::text, :priority::text, :simple::boolean, :oversight::boolean,
        :unit_id::integer, n.assignee_id, :reported_units::integer[], :reported_people::integer[], :received_at::timestamptz,
        :filed_by::integer, :next_due_at::timestamptz, :last_sign_at::timestamptz, :split_from::bigint, :held_until::timestamptz, :policy_version::integer,
        :calendar_version::integer, :key_id::smallint, :seq::integer, :version::integer, :chain_seed::bytea, :chain_head::bytea,
        :at::timestamptz
    FROM numbered AS n
),
new_text AS (
    INSERT INTO complaint_text (
        office_id, ticket_id, subject, description, location, occurred_on, reported, salt, digest
    )
    SELECT
        :office_id::integer, n.id, :subject::text, :description::text, :location::text, :occurred_on::text, :reported::text,
        :text_salt::bytea, :text_digest::bytea
    FROM numbered AS n
),
new_reporter AS (
    INSERT INTO reporter (office_id, ticket_id, name, phone, email, whatsapp, phone_key, email_key, chat_id, salt, digest)
    SELECT
        :office_id::integer, n.id, :name::text, :phone::text, :email::text, :whatsapp::text, :phone_key::bytea, :email_key::bytea,
        :chat_id::bigint, :reporter_salt::bytea, :reporter_digest::bytea
    FROM numbered AS n
    WHERE :reporter_digest::bytea IS NOT NULL
),
new_event AS (
    INSERT INTO ticket_event (
        office_id, ticket_id, seq, at, type, actor, person_id, body, content_digest, hash, released_at
    )
    SELECT
        :office_id::integer, n.id, :seq::integer, :at::timestamptz, :type::text, :actor::text, :person_id::integer, :body::text,
        :content_digest::bytea, :chain_head::bytea, :at::timestamptz
    FROM numbered AS n
),
new_deadlines AS (
    INSERT INTO deadline (
        office_id, ticket_id, target, episode, started_at, due_at, first_due_at, amount, measure, policy_version, calendar_version
    )
    SELECT
        r.office_id, n.id, r.target, r.episode, r.started_at, r.due_at, r.first_due_at, r.amount, r.measure, r.policy_version,
        r.calendar_version
    FROM numbered AS n, json_populate_recordset(NULL::deadline, :deadlines::json) AS r
),
new_timers AS (
    INSERT INTO sla_timer (office_id, ticket_id, rung, episode, occurrence, target, due_at, armed_by_seq)
    SELECT r.office_id, n.id, r.rung, r.episode, r.occurrence, r.target, r.due_at, r.armed_by_seq
    FROM numbered AS n, json_populate_recordset(NULL::sla_timer, :timers::json) AS r
),
new_outbox AS (
    INSERT INTO outbox (
        office_id, ticket_id, event_seq, dedupe_key, kind, way, recipient, person_id, chat_id, address, params, escalation,
        created_at, released_at, message_id
    )
    SELECT
        r.office_id, n.id, r.event_seq, replace(r.dedupe_key, '{t}', n.id::text), r.kind, r.way, r.recipient, r.person_id,
        r.chat_id, r.address, r.params, r.escalation, r.created_at, r.released_at, r.message_id
    FROM numbered AS n, json_populate_recordset(NULL::outbox, :outbox::json) AS r
)
SELECT
    g.config_current, g.clock_right, g.office_time,
    (SELECT n.id FROM numbered AS n) AS id,
    (SELECT n.number FROM numbered AS n) AS number
FROM guard AS g;

-- name: known_key(office_id, key_hash)^
-- What was made under an idempotency key: the first answer is built again from it.
SELECT body_hash, ticket_id, result FROM idempotency_key
WHERE office_id = :office_id AND key_hash = :key_hash;

-- name: take_key(office_id, key_hash, body_hash, ticket_id)^
-- Take a key inside a transaction; no row: it is known.
INSERT INTO idempotency_key (office_id, key_hash, body_hash, ticket_id)
VALUES (:office_id, :key_hash, :body_hash, :ticket_id)
ON CONFLICT (office_id, key_hash) DO NOTHING
RETURNING ticket_id;

-- name: filed_again(office_id, ticket_id)^
-- The first answer of a filing: from its first event, whatever happened since.
SELECT k.number, k.key_id, e.body, e.at
FROM ticket AS k
INNER JOIN ticket_event AS e ON e.office_id = k.office_id AND e.ticket_id = k.id AND e.seq = 1
WHERE k.office_id = :office_id AND k.id = :ticket_id;

-- name: time_request(office_id, ticket_id)^
-- The last request for more time: who made it and why.
SELECT e.person_id, coalesce(m.text, '') AS reason
FROM ticket_event AS e
LEFT JOIN message AS m ON m.office_id = e.office_id AND m.ticket_id = e.ticket_id AND m.seq = e.seq
WHERE e.office_id = :office_id AND e.ticket_id = :ticket_id AND e.type = 'time_requested' AND e.undone_by IS NULL
ORDER BY e.seq DESC
LIMIT 1;

-- name: lock_tickets(office_id, numbers)
-- Everything a command needs, under the tickets' locks, in the order of their ids so that two merges cannot wait for each other.
-- A row that had to wait for its lock is the newest, but what the subqueries read is as old as the statement: snapshot_seq tells, and
-- the caller then asks again (it holds the lock by now).
SELECT
    row_to_json(k)::text AS ticket,
    office_now() AS office_time,
    o.config_version,
    (SELECT coalesce(json_agg(d), '[]')::text FROM deadline AS d WHERE d.office_id = k.office_id AND d.ticket_id = k.id) AS deadlines,
    (
        SELECT coalesce(json_agg(t), '[]')::text FROM sla_timer AS t
        WHERE t.office_id = k.office_id AND t.ticket_id = k.id AND t.state = 'armed'
    ) AS timers,
    r.email IS NOT NULL AS has_email,
    ARRAY(SELECT 'push:' || p.id FROM push_subscription AS p WHERE p.office_id = k.office_id AND p.ticket_id = k.id) AS devices,
    r.chat_id,
    (SELECT max(e.seq) FROM ticket_event AS e WHERE e.office_id = k.office_id AND e.ticket_id = k.id) AS snapshot_seq
FROM ticket AS k
INNER JOIN office AS o ON o.id = k.office_id
LEFT JOIN reporter AS r ON r.office_id = k.office_id AND r.ticket_id = k.id
WHERE k.office_id = :office_id AND k.number = ANY (:numbers::text[])
ORDER BY k.id
FOR NO KEY UPDATE OF k;

-- name: reporter_of_ticket(office_id, ticket_id)^
-- Who filed it, for a second matter that is split off: its words must reach the same person.
SELECT name, phone, email, whatsapp, chat_id FROM reporter
WHERE office_id = :office_id AND ticket_id = :ticket_id AND erased_at IS NULL;

-- name: let_go()$
-- Widens the transaction to write a ticket that leaves the actor's units (checked before: it was locked inside them).
SELECT set_config('app.scope', 'system', true);

-- name: write_changes(tickets, events, messages, deadlines, timers, outbox, undone, cancelled, ratings, alarms)^
-- All that follows from commands on one or many tickets, in one statement. The version in each ticket row is the fence: a row that
-- somebody else changed since it was read is not written, and the caller sees that the count is short.
WITH new_tickets AS (
    SELECT * FROM json_populate_recordset(NULL::ticket, :tickets::json)
),
updated AS (
    UPDATE ticket AS k SET
        status = r.status, status_before = r.status_before, released_at = r.released_at, kind = r.kind, category = r.category,
        service = r.service, priority = r.priority, simple = r.simple, oversight = r.oversight, unit_id = r.unit_id,
        assignee_id = r.assignee_id, next_due_at = r.next_due_at, last_sign_at = r.last_sign_at, answered_at = r.answered_at,
        ended_at = r.ended_at, episode = r.episode, level = r.level, requested_days = r.requested_days, merged_into = r.merged_into,
        seq = r.seq, version = r.version, chain_head = r.chain_head, last_event_at = r.last_event_at, last_act = r.last_act,
        policy_version = r.policy_version, calendar_version = r.calendar_version, held_until = r.held_until,
        unseen = r.unseen
    FROM new_tickets AS r
    -- The same head: nothing has happened, only the versions it follows are newer.
    WHERE k.office_id = r.office_id AND k.id = r.id AND (k.seq < r.seq OR (k.seq = r.seq AND k.chain_head = r.chain_head))
    RETURNING k.id
),
new_events AS (
    INSERT INTO ticket_event (
        office_id, ticket_id, seq, at, type, actor, person_id, body, content_digest, hash, released_at
    )
    SELECT r.office_id, r.ticket_id, r.seq, r.at, r.type, r.actor, r.person_id, r.body, r.content_digest, r.hash, r.released_at
    FROM json_populate_recordset(NULL::ticket_event, :events::json) AS r
),
new_messages AS (
    INSERT INTO message (office_id, ticket_id, seq, sender, person_id, at, released_at, text, salt, digest)
    SELECT r.office_id, r.ticket_id, r.seq, r.sender, r.person_id, r.at, r.released_at, r.text, r.salt, r.digest
    FROM json_populate_recordset(NULL::message, :messages::json) AS r
),
new_deadlines AS (
    INSERT INTO deadline AS d (
        office_id, ticket_id, target, episode, started_at, due_at, first_due_at, amount, measure, policy_version, calendar_version,
        paused_at, pauses, granted_days, ended_at, outcome, ended_by_seq, breached_at, level, next_rung, counted_from, pause_over
    )
    SELECT
        r.office_id, r.ticket_id, r.target, r.episode, r.started_at, r.due_at, r.first_due_at, r.amount, r.measure, r.policy_version,
        r.calendar_version, r.paused_at, r.pauses, r.granted_days, r.ended_at, r.outcome, r.ended_by_seq, r.breached_at, r.level,
        r.next_rung, r.counted_from, r.pause_over
    FROM json_populate_recordset(NULL::deadline, :deadlines::json) AS r
    ON CONFLICT (office_id, ticket_id, target, episode) DO UPDATE SET
        started_at = excluded.started_at, due_at = excluded.due_at, amount = excluded.amount, measure = excluded.measure,
        policy_version = excluded.policy_version, calendar_version = excluded.calendar_version, paused_at = excluded.paused_at,
        pauses = excluded.pauses, granted_days = excluded.granted_days, ended_at = excluded.ended_at, outcome = excluded.outcome,
        ended_by_seq = excluded.ended_by_seq, breached_at = excluded.breached_at, level = excluded.level,
        next_rung = excluded.next_rung, counted_from = excluded.counted_from, pause_over = excluded.pause_over
),
new_timers AS (
    INSERT INTO sla_timer AS t (
        office_id, ticket_id, rung, episode, occurrence, target, due_at, state, off_by_seq, armed_by_seq, fired_at, attempts
    )
    SELECT
        r.office_id, r.ticket_id, r.rung, r.episode, r.occurrence, r.target, r.due_at, r.state, r.off_by_seq, r.armed_by_seq,
        r.fired_at, r.attempts
    FROM json_populate_recordset(NULL::sla_timer, :timers::json) AS r
    ON CONFLICT (office_id, ticket_id, rung, episode, occurrence) DO UPDATE SET
        due_at = excluded.due_at, state = excluded.state, off_by_seq = excluded.off_by_seq, armed_by_seq = excluded.armed_by_seq,
        fired_at = excluded.fired_at
    WHERE t.state <> 'fired'
),
new_outbox AS (
    INSERT INTO outbox (
        office_id, ticket_id, event_seq, dedupe_key, kind, way, recipient, person_id, chat_id, address, params, escalation,
        created_at, released_at, message_id
    )
    SELECT
        r.office_id, r.ticket_id, r.event_seq, r.dedupe_key, r.kind, r.way, r.recipient, r.person_id, r.chat_id, r.address, r.params,
        r.escalation, r.created_at, r.released_at, r.message_id
    FROM json_populate_recordset(NULL::outbox, :outbox::json) AS r
    ON CONFLICT (office_id, dedupe_key) DO NOTHING
),
undone AS (
    UPDATE ticket_event AS e SET undone_by = (r.value ->> 'by')::integer
    FROM json_array_elements(:undone::json) AS r (value)
    WHERE e.office_id = (r.value ->> 'office_id')::integer AND e.ticket_id = (r.value ->> 'ticket_id')::bigint
        AND e.seq = (r.value ->> 'seq')::integer
),
unsent AS (
    -- A deed that can still be taken back only holds escalations up: answering and undoing it must silence nobody.
    UPDATE outbox AS o SET
        state = CASE WHEN r.value ->> 'until' IS NULL THEN 'cancelled' ELSE o.state END,
        released_at = greatest(o.released_at, (r.value ->> 'until')::timestamptz)
    FROM json_array_elements(:cancelled::json) AS r (value)
    WHERE o.office_id = (r.value ->> 'office_id')::integer AND o.ticket_id = (r.value ->> 'ticket_id')::bigint
        AND o.state = 'queued'
        AND (o.event_seq = (r.value ->> 'seq')::integer OR ((r.value ->> 'seq') IS NULL AND o.escalation))
),
rated AS (
    INSERT INTO rating (office_id, ticket_id, episode, at, score, elements, event_seq)
    SELECT r.office_id, r.ticket_id, r.episode, r.at, r.score, r.elements, r.event_seq
    FROM json_populate_recordset(NULL::rating, :ratings::json) AS r
    ON CONFLICT (office_id, ticket_id, episode) DO UPDATE SET
        at = excluded.at, score = excluded.score, elements = excluded.elements, event_seq = excluded.event_seq
),
alarmed AS (
    INSERT INTO alarm (office_id, key, what)
    SELECT (r.value ->> 'office_id')::integer, r.value ->> 'key', r.value ->> 'what'
    FROM json_array_elements(:alarms::json) AS r (value)
    ON CONFLICT (office_id, key) WHERE cleared_at IS NULL DO NOTHING
)
SELECT count(*) AS written FROM updated;

-- name: holds_over(most)
-- Held tickets whose time is over, of every office: they go into the queue.
SELECT office_id, number FROM ticket
WHERE held_until <= (SELECT office_now()) AND status = 'received'
ORDER BY held_until LIMIT :most;

-- name: alarm_of_holds(key, many)!
INSERT INTO alarm (office_id, key, what)
SELECT k.office_id, :key, :key FROM ticket AS k
WHERE k.held_until IS NOT NULL AND k.status = 'received'
GROUP BY k.office_id HAVING count(*) >= :many::integer
ON CONFLICT (office_id, key) WHERE cleared_at IS NULL DO NOTHING;

-- name: end_alarm_of_holds(key)!
UPDATE alarm AS a SET cleared_at = office_now()
WHERE a.key = :key AND a.cleared_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM ticket AS k WHERE k.held_until IS NOT NULL AND k.status = 'received' AND k.office_id = a.office_id
);
