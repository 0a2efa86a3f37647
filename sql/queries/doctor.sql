-- What `complaints doctor` asks: the state of the installation, and with --audit the invariants of the promises. Nothing here writes.

-- name: server()^
-- The server, the role we are, and how far the database's clock is from what it calls office time.
SELECT
    current_setting('server_version_num')::integer AS version_number,
    split_part(current_setting('server_version'), ' ', 1) AS version,
    r.rolname AS role_name,
    r.rolsuper OR r.rolbypassrls AS unbound,
    clock_timestamp() AS machine_time,
    extract(EPOCH FROM (SELECT office_now()) - clock_timestamp())::float8 AS shift_seconds
FROM pg_roles AS r
WHERE r.rolname = current_user;

-- name: unguarded()
-- Tables of tickets whose rows the role could see without a scope.
SELECT c.relname AS name
FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace
    AND c.relname IN ('ticket', 'ticket_event', 'complaint_text', 'reporter', 'message', 'deadline', 'sla_timer', 'rating', 'outbox')
    AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
ORDER BY c.relname;

-- name: holidays()
-- Until which day the holidays of each office are confirmed, in the calendar that counts now.
SELECT o.slug, c.confirmed_through, c.confirmed_through - (SELECT office_now())::date AS days_left
FROM office AS o
LEFT JOIN LATERAL (
    SELECT k.confirmed_through FROM calendar AS k WHERE k.office_id = o.id ORDER BY k.version DESC LIMIT 1
) AS c ON true
ORDER BY o.id;

-- name: held_since()$
-- Since when a person holds all sending, if so.
SELECT held_at FROM sending_hold WHERE resumed_at IS NULL;

-- name: last_seen(kind)$
-- Seconds since a process of this kind gave a sign of life; nothing when none runs.
SELECT extract(EPOCH FROM clock_timestamp() - max(seen_at))::float8 FROM heartbeat WHERE kind = :kind;

-- name: offices()
SELECT id FROM office ORDER BY id;

-- name: tickets_page(office_id, after, most)
SELECT id, number, status, seq, chain_seed, chain_head
FROM ticket
WHERE office_id = :office_id AND id > :after
ORDER BY id
LIMIT :most;

-- name: events_page(office_id, first, last)
-- With the words' own digest beside the one in the chain (event 1: complaint and reporter).
SELECT
    e.ticket_id, e.seq, e.at, e.type, e.actor, e.body, e.content_digest, e.hash,
    m.salt, m.text, m.digest AS words_digest, m.erased_at IS NOT NULL AS erased
FROM ticket_event AS e
LEFT JOIN message AS m ON m.office_id = e.office_id AND m.ticket_id = e.ticket_id AND m.seq = e.seq
WHERE e.office_id = :office_id AND e.ticket_id BETWEEN :first AND :last
ORDER BY e.ticket_id, e.seq;

-- name: first_words_page(office_id, first, last)
-- The complaint and its reporter, as the first event's digest covers them.
SELECT
    c.ticket_id, c.salt, c.subject, c.description, c.location, c.occurred_on, c.reported, c.digest, c.erased_at IS NOT NULL AS erased,
    r.salt AS reporter_salt, r.name, r.phone, r.email, r.whatsapp, r.digest AS reporter_digest,
    r.erased_at IS NOT NULL AS reporter_erased
FROM complaint_text AS c
LEFT JOIN reporter AS r ON r.office_id = c.office_id AND r.ticket_id = c.ticket_id
WHERE c.office_id = :office_id AND c.ticket_id BETWEEN :first AND :last;

-- name: i1_acknowledged(most)
-- An answer was given for a ticket that is not there.
SELECT k.office_id, 'key of ticket id ' || k.ticket_id AS row_name, 'the ticket it answered for does not exist' AS what
FROM idempotency_key AS k
LEFT JOIN ticket AS t ON t.office_id = k.office_id AND t.id = k.ticket_id
WHERE k.ticket_id IS NOT NULL AND t.id IS NULL
LIMIT :most;

-- name: i1_whole(most)
-- A ticket without the rows that its filing writes.
SELECT t.office_id, t.number AS row_name, 'half filed: its words, its first event or its promises are missing' AS what
FROM ticket AS t
WHERE NOT EXISTS (SELECT 1 FROM complaint_text AS c WHERE c.office_id = t.office_id AND c.ticket_id = t.id)
    OR NOT EXISTS (SELECT 1 FROM ticket_event AS e WHERE e.office_id = t.office_id AND e.ticket_id = t.id AND e.seq = 1)
    OR NOT EXISTS (SELECT 1 FROM deadline AS d WHERE d.office_id = t.office_id AND d.ticket_id = t.id)
LIMIT :most;

-- name: i2_one_each(most)
-- Filed more than once, or two tickets under one number.
SELECT e.office_id, t.number AS row_name, 'filed ' || count(*) || ' times' AS what
FROM ticket_event AS e
INNER JOIN ticket AS t ON t.office_id = e.office_id AND t.id = e.ticket_id
WHERE e.type = 'filed'
GROUP BY e.office_id, t.number
HAVING count(*) > 1
LIMIT :most;

-- name: i3_one_row(most)
-- The same message to the same reader twice.
SELECT o.office_id, t.number AS row_name, format('%s rows of %s for event %s to one reader', count(*), o.kind, o.event_seq) AS what
FROM outbox AS o
INNER JOIN ticket AS t ON t.office_id = o.office_id AND t.id = o.ticket_id
WHERE o.event_seq IS NOT NULL AND o.kind <> 'chat'
GROUP BY o.office_id, t.number, o.kind, o.event_seq, o.way, o.recipient, o.person_id, o.chat_id, o.address
HAVING count(*) > 1
LIMIT :most;

-- name: i3_one_roll_up(most)
SELECT o.office_id, 'person ' || o.person_id AS row_name, count(*) || ' roll-ups for one hour' AS what
FROM outbox AS o
WHERE o.kind = 'roll_up'
GROUP BY o.office_id, o.person_id, date_trunc('hour', o.released_at)
HAVING count(*) > 1
LIMIT :most;

-- name: i4_stuck(grace_seconds, most)
-- Waiting or held for longer than lease and sweep allow. A move of the office's clock makes rows due at once: it counts as an outage.
-- Rows of a way that is down, which has its alarm, wait with reason; so do all while a person holds the sending, those whose reader is
-- to get an older one first, and webhooks to an endpoint that fails.
SELECT o.office_id, 'outbox ' || o.id AS row_name, format('%s (%s) is stuck', o.kind, o.state) AS what
FROM outbox AS o
CROSS JOIN clock_shift AS s
WHERE (
    (o.state = 'sending' AND o.lease_until < clock_timestamp() - :grace_seconds::float8 * interval '1 second')
    OR (
        o.state = 'queued'
        AND o.released_at < (SELECT office_now()) - :grace_seconds::float8 * interval '1 second'
        AND greatest(o.next_try_at, s.moved_at, (SELECT max(h.resumed_at) FROM sending_hold AS h))
        < clock_timestamp() - :grace_seconds::float8 * interval '1 second'
    )
) AND NOT EXISTS (
    SELECT 1 FROM sending_hold AS h WHERE h.resumed_at IS NULL
) AND NOT EXISTS (
    SELECT 1 FROM alarm AS a WHERE a.office_id = o.office_id AND a.cleared_at IS NULL AND a.key = 'way_down:' || o.way
) AND NOT EXISTS (
    SELECT 1 FROM outbox AS p
    WHERE p.office_id = o.office_id AND p.chat_id = o.chat_id AND p.state IN ('queued', 'sending')
        AND (p.released_at, p.id) < (o.released_at, o.id) AND p.next_try_at > clock_timestamp()
) AND NOT EXISTS (
    SELECT 1 FROM outbox AS p
    WHERE o.recipient = 'reporter' AND p.office_id = o.office_id AND p.ticket_id = o.ticket_id AND p.recipient = 'reporter'
        AND p.state IN ('queued', 'sending')
        AND (p.released_at, p.id) < (o.released_at, o.id) AND p.next_try_at > clock_timestamp()
) AND NOT EXISTS (
    SELECT 1 FROM webhook_health AS w
    WHERE o.way = 'webhook' AND w.office_id = o.office_id AND w.endpoint_id::text = o.address AND w.failures > 0
)
LIMIT :most;

-- name: i4_ends(most)
-- An end that is none: dead without any alarm, absorbed by nothing, sent without an instant.
SELECT
    o.office_id, 'outbox ' || o.id AS row_name,
    CASE o.state
        WHEN 'dead' THEN o.kind || ' is dead and no alarm tells it'
        WHEN 'absorbed' THEN o.kind || ' was absorbed by a roll-up that does not exist'
        ELSE o.kind || ' is sent without an instant'
    END AS what
FROM outbox AS o
WHERE (o.state = 'dead' AND NOT EXISTS (
        SELECT 1 FROM alarm AS a WHERE a.office_id = o.office_id AND a.key = format('outbox_dead:%s:%s', o.way, o.kind)
    ))
    OR (o.state = 'absorbed' AND NOT EXISTS (
        SELECT 1 FROM outbox AS r WHERE r.office_id = o.office_id AND r.id = o.absorbed_by
    ))
    OR (o.state = 'sent' AND o.sent_at IS NULL)
LIMIT :most;

-- name: i6_early(most)
-- Fired before it was due.
SELECT s.office_id, t.number AS row_name, format('rung %s (%s) fired before it was due', s.rung, s.occurrence) AS what
FROM sla_timer AS s
INNER JOIN ticket AS t ON t.office_id = s.office_id AND t.id = s.ticket_id
WHERE s.state = 'fired' AND s.fired_at < s.due_at
LIMIT :most;

-- name: i6_late(grace_seconds, most)
-- Due and not fired for longer than a sweep allows.
SELECT s.office_id, t.number AS row_name, format('rung %s is due since %s', s.rung, s.due_at) AS what
FROM sla_timer AS s
INNER JOIN ticket AS t ON t.office_id = s.office_id AND t.id = s.ticket_id
CROSS JOIN clock_shift AS k
WHERE s.state = 'armed'
    AND s.due_at < (SELECT office_now()) - :grace_seconds::float8 * interval '1 second'
    AND k.moved_at < clock_timestamp() - :grace_seconds::float8 * interval '1 second'
LIMIT :most;

-- name: i12_silent(most)
-- An open ticket that nothing will ever speak of again.
SELECT t.office_id, t.number AS row_name, 'open (' || t.status || ') without an armed timer' AS what
FROM ticket AS t
WHERE t.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
    AND NOT EXISTS (
        SELECT 1 FROM sla_timer AS s WHERE s.office_id = t.office_id AND s.ticket_id = t.id AND s.state = 'armed'
    )
LIMIT :most;

-- name: see_everything()$
-- The audit looks as the system does, inside its own read-only transaction.
SELECT set_config('app.scope', 'system', true);
