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

-- name: ticket_ids(office_id)^
-- The span of an office's tickets.
SELECT min(id) AS first, max(id) AS last FROM ticket WHERE office_id = :office_id;

-- name: suspects(office_id, first, last, types, moves)
-- One walk over a span of tickets, in the order of their keys: which of them need a closer look (doctor_chain.py says what is checked, and
-- why it is the same). I7: chain, words or statuses may be wrong, or files stand in the log; I1: half filed; I2: filed more than once;
-- I9: an address or number of the reporter stands in the log. Every table has the span itself: a range is not carried over by a join.
WITH stepped AS (
    SELECT
        e.ticket_id, e.seq, e.type, e.content_digest,
        e.seq = t.seq AND e.hash = t.chain_head AS ends_in_head,
        sha256(
            coalesce(lag(e.hash) OVER steps, t.chain_seed) || int4send(e.seq) || int8send(round(date_part('epoch', e.at) * 1000000)::bigint)
            || int4send(octet_length(e.type)) || convert_to(e.type, 'UTF8')
            || int4send(octet_length(e.actor)) || convert_to(e.actor, 'UTF8')
            || int4send(octet_length(e.body)) || convert_to(e.body, 'UTF8')
            || int4send(coalesce(octet_length(e.content_digest), 0)) || coalesce(e.content_digest, ''::bytea)
        ) = e.hash AS follows,
        CASE WHEN strpos(e.body, '"from":"') > 0 THEN e.body::json ->> 'from' END AS left_status,
        CASE WHEN strpos(e.body, '"from":"') > 0 THEN e.body::json ->> 'to' END AS reached_status,
        strpos(e.body, '"attachments":[{"digest":"') > 0 AS has_files,
        (length(r.phone) > 5 AND strpos(e.body, r.phone) > 0)
        OR (length(r.email) > 5 AND strpos(e.body, r.email) > 0)
        OR (length(r.whatsapp) > 5 AND strpos(e.body, r.whatsapp) > 0) AS tells_reporter,
        m.digest AS words_digest,
        m.erased_at IS NOT NULL
        OR m.digest = sha256(m.salt || convert_to('[' || to_json(m.text)::text || ']', 'UTF8')) AS words_whole
    FROM ticket_event AS e
    INNER JOIN ticket AS t ON t.office_id = e.office_id AND t.id = e.ticket_id AND t.id BETWEEN :first AND :last
    LEFT JOIN reporter AS r ON r.office_id = e.office_id AND r.ticket_id = e.ticket_id AND r.ticket_id BETWEEN :first AND :last
    LEFT JOIN message AS m
        ON m.office_id = e.office_id AND m.ticket_id = e.ticket_id AND m.seq = e.seq AND m.ticket_id BETWEEN :first AND :last
    WHERE e.office_id = :office_id AND e.ticket_id BETWEEN :first AND :last
    WINDOW steps AS (PARTITION BY e.ticket_id ORDER BY e.seq)
),
judged AS (
    SELECT
        s.ticket_id, count(*) AS events, min(s.seq) AS first_seq, max(s.seq) AS last_seq, bool_and(s.follows) AS follows,
        bool_or(s.ends_in_head) AS ends_in_head,
        bool_and(s.seq = 1 OR (s.words_digest IS NOT DISTINCT FROM s.content_digest AND s.words_whole IS NOT FALSE)) AS words_fit,
        (array_agg(s.content_digest ORDER BY s.seq))[1] AS filing_digest,
        coalesce(array_agg(s.left_status ORDER BY s.seq) FILTER (WHERE s.left_status IS NOT NULL AND s.reached_status IS NOT NULL), '{}')
            AS left_statuses,
        coalesce(array_agg(s.reached_status ORDER BY s.seq) FILTER (WHERE s.left_status IS NOT NULL AND s.reached_status IS NOT NULL), '{}')
            AS reached_statuses,
        bool_or(
            s.left_status IS NOT NULL AND s.reached_status IS NOT NULL AND s.type = ANY (:types::text[])
            AND NOT s.type || ' ' || s.left_status || ' ' || s.reached_status = ANY (:moves::text[])
        ) AS illegal,
        bool_or(s.has_files) AS has_files,
        bool_or(s.tells_reporter) AS tells_reporter,
        count(*) FILTER (WHERE s.type = 'filed') > 1 AS filed_again
    FROM stepped AS s
    GROUP BY s.ticket_id
),
seen AS (
    SELECT
        t.id,
        (
            j.events = t.seq AND j.first_seq = 1 AND j.last_seq = t.seq AND j.follows AND j.ends_in_head AND j.words_fit
            AND NOT j.illegal
            AND ('{received}'::text[] || j.reached_statuses)[1 : cardinality(j.left_statuses)] = j.left_statuses
            AND t.status = ('{received}'::text[] || j.reached_statuses)[1 + cardinality(j.reached_statuses)]
            AND j.filing_digest = sha256(
                CASE WHEN c.erased_at IS NOT NULL THEN c.digest ELSE sha256(c.salt || convert_to(
                    '[' || to_json(c.subject)::text || ',' || to_json(c.description)::text || ',' || coalesce(to_json(c.location)::text, 'null')
                    || ',' || coalesce(to_json(c.occurred_on)::text, 'null') || ',' || coalesce(to_json(c.reported)::text, 'null') || ']', 'UTF8'
                )) END
                || CASE WHEN r.digest IS NULL THEN ''::bytea WHEN r.erased_at IS NOT NULL THEN r.digest ELSE sha256(r.salt || convert_to(
                    '[' || coalesce(to_json(r.name)::text, 'null') || ',' || coalesce(to_json(r.phone)::text, 'null')
                    || ',' || coalesce(to_json(r.email)::text, 'null') || ',' || coalesce(to_json(r.whatsapp)::text, 'null') || ']', 'UTF8'
                )) END
            )
        ) IS NOT TRUE AS chain,
        c.ticket_id IS NULL OR j.first_seq IS DISTINCT FROM 1 OR NOT EXISTS (
            SELECT 1 FROM deadline AS d WHERE d.office_id = t.office_id AND d.ticket_id = t.id
        ) AS half_filed,
        coalesce(j.filed_again, false) AS filed_again,
        coalesce(j.tells_reporter, false) AS tells_reporter,
        coalesce(j.has_files, false) AS has_files
    FROM ticket AS t
    LEFT JOIN judged AS j ON j.ticket_id = t.id
    LEFT JOIN complaint_text AS c ON c.office_id = t.office_id AND c.ticket_id = t.id AND c.ticket_id BETWEEN :first AND :last
    LEFT JOIN reporter AS r ON r.office_id = t.office_id AND r.ticket_id = t.id AND r.ticket_id BETWEEN :first AND :last
    WHERE t.office_id = :office_id AND t.id BETWEEN :first AND :last
)
SELECT id, chain, half_filed, filed_again, tells_reporter, has_files
FROM seen
WHERE chain OR half_filed OR filed_again OR tells_reporter OR has_files
ORDER BY id;

-- name: tickets_page(office_id, ids)
SELECT id, number, status, seq, chain_seed, chain_head
FROM ticket
WHERE office_id = :office_id AND id = ANY (:ids::bigint[])
ORDER BY id;

-- name: events_page(office_id, ids)
-- With the words' own digest beside the one in the chain (event 1: complaint and reporter).
SELECT
    e.ticket_id, e.seq, e.at, e.type, e.actor, e.body, e.content_digest, e.hash,
    m.salt, m.text, m.digest AS words_digest, m.erased_at IS NOT NULL AS erased
FROM ticket_event AS e
LEFT JOIN message AS m ON m.office_id = e.office_id AND m.ticket_id = e.ticket_id AND m.seq = e.seq
WHERE e.office_id = :office_id AND e.ticket_id = ANY (:ids::bigint[])
ORDER BY e.ticket_id, e.seq;

-- name: first_words_page(office_id, ids)
-- The complaint and its reporter, as the first event's digest covers them.
SELECT
    c.ticket_id, c.salt, c.subject, c.description, c.location, c.occurred_on, c.reported, c.digest, c.erased_at IS NOT NULL AS erased,
    r.salt AS reporter_salt, r.name, r.phone, r.email, r.whatsapp, r.digest AS reporter_digest,
    r.erased_at IS NOT NULL AS reporter_erased
FROM complaint_text AS c
LEFT JOIN reporter AS r ON r.office_id = c.office_id AND r.ticket_id = c.ticket_id
WHERE c.office_id = :office_id AND c.ticket_id = ANY (:ids::bigint[]);

-- name: i1_acknowledged(most)
-- An answer was given for a ticket that is not there.
SELECT k.office_id, 'key of ticket id ' || k.ticket_id AS row_name, 'the ticket it answered for does not exist' AS what
FROM idempotency_key AS k
LEFT JOIN ticket AS t ON t.office_id = k.office_id AND t.id = k.ticket_id
WHERE k.ticket_id IS NOT NULL AND t.id IS NULL
LIMIT :most;

-- name: i1_whole(office_id, ids, most)
-- A ticket without the rows that its filing writes; of those that suspects named.
SELECT t.office_id, t.number AS row_name, 'half filed: its words, its first event or its promises are missing' AS what
FROM ticket AS t
WHERE t.office_id = :office_id AND t.id = ANY (:ids::bigint[])
ORDER BY t.id
LIMIT :most;

-- name: i2_one_each(office_id, ids, most)
-- Filed more than once; of those that suspects named. (Two tickets under one number: a unique key.)
SELECT e.office_id, t.number AS row_name, 'filed ' || count(*) || ' times' AS what
FROM ticket_event AS e
INNER JOIN ticket AS t ON t.office_id = e.office_id AND t.id = e.ticket_id
WHERE e.office_id = :office_id AND e.ticket_id = ANY (:ids::bigint[]) AND e.type = 'filed'
GROUP BY e.office_id, t.number
ORDER BY t.number
LIMIT :most;

-- name: i3_one_row(office_id, first, last, most)
-- The same message to the same reader twice; of a span of tickets.
SELECT d.office_id, t.number AS row_name, format('%s rows of %s for event %s to one reader', d.many, d.kind, d.event_seq) AS what
FROM (
    SELECT o.office_id, o.ticket_id, o.kind, o.event_seq, count(*) AS many
    FROM outbox AS o
    WHERE o.office_id = :office_id AND o.ticket_id BETWEEN :first AND :last AND o.event_seq IS NOT NULL AND o.kind <> 'chat'
    GROUP BY o.office_id, o.ticket_id, o.kind, o.event_seq, o.way, o.recipient, o.person_id, o.chat_id, o.address
    HAVING count(*) > 1
) AS d
INNER JOIN ticket AS t ON t.office_id = d.office_id AND t.id = d.ticket_id AND t.id BETWEEN :first AND :last
LIMIT :most;

-- name: i3_one_roll_up(most)
SELECT o.office_id, 'person ' || o.person_id AS row_name, count(*) || ' roll-ups for one hour' AS what
FROM outbox AS o
WHERE o.kind = 'roll_up' AND o.state IN ('queued', 'sending', 'sent')
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

-- name: i5_copies(most)
-- More hand-overs without a known end than the bound of three. What a reader really got is known outside only.
SELECT o.office_id, 'outbox ' || o.id AS row_name, format('%s was handed over %s times without a known end', o.kind, o.uncertain) AS what
FROM outbox AS o
WHERE o.uncertain > 3
LIMIT :most;

-- name: i5_one_name(after, before, most)
-- Two messages under one Message-ID: a reader's program would show one of them. Of a share of the names, which are random: those that
-- sort behind `after` (all from the beginning where it is empty) and not behind `before` (NULL: all to the end).
SELECT o.office_id, 'outbox ' || min(o.id) AS row_name, count(*) || ' rows carry its Message-ID' AS what
FROM outbox AS o
WHERE o.way <> 'webhook' AND o.message_id COLLATE "C" >= :after::text
    AND (:before::text IS NULL OR o.message_id COLLATE "C" < :before::text)
GROUP BY o.office_id, o.message_id
HAVING count(*) > 1
LIMIT :most;

-- name: i6_early(most)
-- Fired before it was due.
SELECT
    s.office_id, (SELECT t.number FROM ticket AS t WHERE t.office_id = s.office_id AND t.id = s.ticket_id) AS row_name,
    format('rung %s (%s) fired before it was due', s.rung, s.occurrence) AS what
FROM sla_timer AS s
WHERE s.state = 'fired' AND s.fired_at < s.due_at
LIMIT :most;

-- name: i6_late(grace_seconds, most)
-- Due and not fired for longer than a sweep allows.
SELECT
    s.office_id, (SELECT t.number FROM ticket AS t WHERE t.office_id = s.office_id AND t.id = s.ticket_id) AS row_name,
    format('rung %s is due since %s', s.rung, s.due_at) AS what
FROM sla_timer AS s
CROSS JOIN clock_shift AS k
WHERE s.state = 'armed'
    AND s.due_at < (SELECT office_now()) - :grace_seconds::float8 * interval '1 second'
    AND k.moved_at < clock_timestamp() - :grace_seconds::float8 * interval '1 second'
LIMIT :most;

-- name: i8_tables(most)
-- A table about tickets that every connection of the application sees whole. Named here: those that hold keyed hashes or are found by
-- a secret only, and the log of looks, which people never read through their scope.
SELECT 0 AS office_id, 'table ' || c.relname AS row_name, 'row-level security does not hold it' AS what
FROM pg_class AS c
INNER JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'ticket_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
    AND NOT c.relname = ANY ('{link,ticket_cookie,idempotency_key,access_log,whatsapp_chat,kiosk_receipt}'::name[])
ORDER BY c.relname
LIMIT :most;

-- name: i8_assigned(most)
-- A case in the hands of somebody who must not see it: named in it, in a unit that it names, or nobody of the office.
SELECT t.office_id, t.number AS row_name, 'assigned to somebody who must not see it' AS what
FROM ticket AS t
LEFT JOIN person AS p ON p.office_id = t.office_id AND p.id = t.assignee_id
WHERE t.assignee_id IS NOT NULL
    AND t.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
    AND (
        p.id IS NULL OR p.id = ANY (t.reported_people) OR p.unit_id = ANY (t.reported_units)
        OR EXISTS (
            SELECT 1 FROM person_unit AS u
            WHERE u.office_id = p.office_id AND u.person_id = p.id AND u.unit_id = ANY (t.reported_units)
        )
    )
LIMIT :most;

-- name: i8_told(most)
-- A message about a complaint that left for a person whom the complaint names.
SELECT o.office_id, 'outbox ' || o.id AS row_name, format('%s about %s went to a person named in it', o.kind, t.number) AS what
FROM ticket AS t
INNER JOIN outbox AS o ON o.office_id = t.office_id AND o.ticket_id = t.id
WHERE t.reported_people <> '{}' AND o.person_id = ANY (t.reported_people) AND o.state = 'sent'
LIMIT :most;

-- name: i9_events(office_id, ids, most)
-- The reporter's address or number in the log that is never erased; of those that suspects named.
SELECT e.office_id, t.number AS row_name, format('event %s holds an address or number of the reporter', e.seq) AS what
FROM reporter AS r
INNER JOIN ticket_event AS e ON e.office_id = r.office_id AND e.ticket_id = r.ticket_id
INNER JOIN ticket AS t ON t.office_id = r.office_id AND t.id = r.ticket_id
WHERE r.office_id = :office_id AND r.ticket_id = ANY (:ids::bigint[])
    AND (
        (length(r.email) > 5 AND strpos(e.body, r.email) > 0)
        OR (length(r.phone) > 5 AND strpos(e.body, r.phone) > 0)
        OR (length(r.whatsapp) > 5 AND strpos(e.body, r.whatsapp) > 0)
    )
ORDER BY e.ticket_id, e.seq
LIMIT :most;

-- name: i9_messages(office_id, first, last, most)
-- The same in what a message carries as codes, or in its Message-ID; of a span of tickets.
SELECT o.office_id, 'outbox ' || o.id AS row_name, o.kind || ' holds an address or number of the reporter' AS what
FROM reporter AS r
INNER JOIN outbox AS o ON o.office_id = r.office_id AND o.ticket_id = r.ticket_id AND o.ticket_id BETWEEN :first AND :last
WHERE r.office_id = :office_id AND r.ticket_id BETWEEN :first AND :last
    AND (
        (length(r.email) > 5 AND strpos(o.params || o.message_id, r.email) > 0)
        OR (length(r.phone) > 5 AND strpos(o.params || o.message_id, r.phone) > 0)
    )
LIMIT :most;

-- name: i9_alarms(most)
SELECT a.office_id, 'alarm ' || a.id AS row_name, 'holds a mail address' AS what
FROM alarm AS a
WHERE a.details LIKE '%@%.%'
LIMIT :most;

-- name: i9_erased(most)
-- Marked as erased, and the words are still there.
SELECT c.office_id, 'ticket id ' || c.ticket_id AS row_name, 'its words are marked as erased and still there' AS what
FROM complaint_text AS c
WHERE c.erased_at IS NOT NULL AND (c.subject <> '' OR c.description <> '' OR c.location IS NOT NULL OR c.reported IS NOT NULL)
UNION ALL
SELECT r.office_id, 'ticket id ' || r.ticket_id, 'its reporter is marked as erased and still there'
FROM reporter AS r
WHERE r.erased_at IS NOT NULL AND (r.name IS NOT NULL OR r.phone IS NOT NULL OR r.email IS NOT NULL OR r.whatsapp IS NOT NULL)
UNION ALL
SELECT m.office_id, 'ticket id ' || m.ticket_id, format('message %s is marked as erased and still there', m.seq)
FROM message AS m
WHERE m.erased_at IS NOT NULL AND m.text <> ''
UNION ALL
-- The upkeep takes devices away within the hour.
SELECT s.office_id, 'ticket id ' || s.ticket_id, 'its words are erased and a device still waits for news'
FROM push_subscription AS s
INNER JOIN complaint_text AS c ON c.office_id = s.office_id AND c.ticket_id = s.ticket_id
WHERE c.erased_at < office_now() - interval '1 day'
LIMIT :most;

-- name: i11_bounds(grace_seconds)
-- Rows that the upkeep should have taken away two days ago and more: a table that only grows is not bounded. Office time where the
-- row has it; a move of the office's clock counts as an outage.
WITH late AS (
    SELECT
        (SELECT office_now()) - interval '2 days' - :grace_seconds::float8 * interval '1 second' AS office,
        clock_timestamp() - interval '2 days' - :grace_seconds::float8 * interval '1 second' AS machine,
        k.moved_at < clock_timestamp() - :grace_seconds::float8 * interval '1 second' AS settled
    FROM clock_shift AS k
),
left_over AS (
    SELECT 'session' AS name, count(*) AS many FROM session, late WHERE session.expires_at < late.machine
    UNION ALL SELECT 'signin_failure', count(*) FROM signin_failure, late WHERE signin_failure.at < late.machine
    UNION ALL SELECT 'ticket_cookie', count(*) FROM ticket_cookie, late WHERE ticket_cookie.expires_at < late.machine
    UNION ALL SELECT 'link', count(*) FROM link, late WHERE late.settled AND link.expires_at < late.office - interval '60 days'
    UNION ALL SELECT 'whatsapp_inbound', count(*) FROM whatsapp_inbound, late
        WHERE late.settled AND whatsapp_inbound.received_at < late.office - interval '90 days'
    UNION ALL SELECT 'upload', count(*) FROM upload, late WHERE late.settled AND upload.expires_at < late.office
    UNION ALL SELECT 'upload_day', count(*) FROM upload_day, late WHERE upload_day.day < late.machine::date - 2
    UNION ALL SELECT 'heartbeat', count(*) FROM heartbeat, late WHERE heartbeat.seen_at < late.machine
)
SELECT 0 AS office_id, 'table ' || name AS row_name, many || ' rows outlived their time and were not taken away' AS what
FROM left_over WHERE many > 0;

-- name: i12_silent(most)
-- An open ticket that nothing will ever speak of again.
SELECT t.office_id, t.number AS row_name, 'open (' || t.status || ') without an armed timer' AS what
FROM ticket AS t
WHERE t.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
    AND NOT EXISTS (
        SELECT 1 FROM sla_timer AS s WHERE s.office_id = t.office_id AND s.ticket_id = t.id AND s.state = 'armed'
    )
LIMIT :most;

-- name: step_by_step(nested)$
-- 'off': every table of a walk is in the order of its keys, so that they go side by side; one look-up for each row costs half as much
-- again, and the planner, who thinks of one row where row-level security stands, would choose it.
SELECT set_config('enable_nestloop', :nested, true);

-- name: see_everything()$
-- The audit looks as the system does, inside its own read-only transaction, and sorts many rows at a time. Each span is planned for what
-- it holds: from the sixth on PostgreSQL would take one plan for any span, and thinks of one ticket in two hundred.
SELECT
    set_config('app.scope', 'system', true),
    set_config('work_mem', '64MB', true),
    set_config('plan_cache_mode', 'force_custom_plan', true);
