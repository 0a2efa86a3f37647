-- The outbox (D5, rules 3 and 4 of RELIABILITY.md). Leases and back-off are machine time, releases office time (D12).

-- name: claim(ways, token, lease_seconds, patience_seconds)^
-- ONE row for one worker: first what a dead worker left behind, else the oldest that is due. Another worker skips the locked row
-- instead of waiting for it, and a row that was taken since the snapshot no longer matches when it is locked.
-- To one reader (a chat; the reporter of a ticket by mail) messages leave one after the other: a row waits while another is in
-- somebody's hands and while an older one will be tried within patience_seconds. (Scalar subqueries: one look into an index for each
-- row that is considered, whatever the planner believes about the table.)
WITH left_behind AS (
    SELECT office_id, id FROM outbox
    WHERE state = 'sending' AND lease_until <= (SELECT clock_timestamp()) AND way = ANY (:ways::text[]) AND way <> 'webhook'
    ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED
), ready AS (
    SELECT r.office_id, r.id FROM outbox AS r
    WHERE r.state = 'queued' AND r.released_at <= (SELECT office_now()) AND r.next_try_at <= (SELECT clock_timestamp())
        AND r.way = ANY (:ways::text[]) AND r.way <> 'webhook'
        AND CASE
            WHEN r.chat_id IS NOT NULL THEN (
                SELECT 1 FROM outbox AS p
                WHERE p.office_id = r.office_id AND p.chat_id = r.chat_id AND p.state IN ('queued', 'sending') AND p.id <> r.id
                    AND (p.state = 'sending' OR ((p.released_at, p.id) < (r.released_at, r.id)
                        AND p.next_try_at <= clock_timestamp() + :patience_seconds::float8 * interval '1 second'))
                LIMIT 1
            ) IS NULL
            WHEN r.recipient = 'reporter' THEN (
                SELECT 1 FROM outbox AS p
                WHERE p.office_id = r.office_id AND p.ticket_id = r.ticket_id AND p.recipient = 'reporter'
                    AND p.state IN ('queued', 'sending') AND p.id <> r.id
                    AND (p.state = 'sending' OR ((p.released_at, p.id) < (r.released_at, r.id)
                        AND p.next_try_at <= clock_timestamp() + :patience_seconds::float8 * interval '1 second'))
                LIMIT 1
            ) IS NULL
            ELSE true
        END
    ORDER BY r.released_at, r.id LIMIT 1 FOR UPDATE SKIP LOCKED
), chosen AS (
    -- Nothing at all while a person holds the sending (after a restore).
    SELECT due.office_id, due.id FROM (SELECT * FROM left_behind UNION ALL SELECT * FROM ready) AS due
    WHERE NOT EXISTS (SELECT 1 FROM sending_hold AS h WHERE h.resumed_at IS NULL)
    LIMIT 1
)
UPDATE outbox AS o
SET state = 'sending', lease_token = :token, attempts = least(o.attempts + 1, 32000),
    lease_until = clock_timestamp() + :lease_seconds::float8 * interval '1 second'
FROM chosen AS c
WHERE o.office_id = c.office_id AND o.id = c.id
RETURNING o.office_id, o.id, o.ticket_id, o.event_seq, o.dedupe_key, o.kind, o.way, o.recipient, o.person_id, o.chat_id, o.address,
    o.params, o.escalation, o.created_at, o.attempts, o.uncertain, o.message_id;

-- name: lock_person(office_id, person_id)$
-- Counting and absorbing happen one worker at a time per person, else two would both send the fifth mail.
SELECT id FROM person WHERE office_id = :office_id AND id = :person_id FOR NO KEY UPDATE;

-- name: absorb(office_id, person_id, outbox_id, way, cap, forced, urgent, message_id)$
-- Above the cap: the claimed row and every other escalation that waits for the person go into the person's next roll-up. Rows that a
-- worker holds are skipped: its own count comes after ours. Gives the number of rows absorbed. Each way has its own count; the one
-- roll-up goes by e-mail unless the person chose WhatsApp alone.
-- A roll-up leaves at the full hour and no sooner than an hour after the one before. With a case in it that is urgent and that nobody
-- has taken up it leaves at once, when none has left within the hour: it must not keep the person on duty asleep.
WITH used AS (
    SELECT (SELECT count(*) FROM outbox
            WHERE office_id = :office_id AND person_id = :person_id AND escalation AND state = 'sending' AND id <> :outbox_id
                AND way = :way)
        + (SELECT count(*) FROM outbox
           WHERE office_id = :office_id AND person_id = :person_id AND escalation AND state = 'sent'
               AND way = :way AND sent_office_at > (SELECT office_now()) - interval '1 hour') AS mails
), excess AS (
    SELECT o.id, o.params FROM outbox AS o, used
    WHERE used.mails >= :cap::integer AND o.office_id = :office_id AND o.person_id = :person_id AND o.escalation AND o.state = 'queued'
        AND o.way = :way AND o.released_at <= (SELECT office_now())
    FOR UPDATE OF o SKIP LOCKED
), lately AS (
    -- One an hour: among the last few is every one that waits, leaves now or left within the hour.
    SELECT o.office_id, o.id, o.state, CASE o.state WHEN 'sending' THEN office_now() WHEN 'sent' THEN o.sent_office_at END AS left_at
    FROM outbox AS o
    WHERE o.office_id = :office_id AND o.person_id = :person_id AND o.kind = 'roll_up'
    ORDER BY o.id DESC LIMIT 4
), turn AS (
    SELECT CASE
        WHEN past.left_at IS NULL AND ((:urgent::boolean AND NOT :forced::boolean) OR EXISTS (
            SELECT 1 FROM excess
            WHERE excess.params::json ->> 'target' = 'attend' AND coalesce(excess.params::json ->> 'roll_up', 'false') <> 'true'
        )) THEN office_now()
        ELSE greatest(date_trunc('hour', office_now(), 'UTC'), past.left_at) + interval '1 hour' END AS at
    FROM used, (SELECT max(lately.left_at) AS left_at FROM lately WHERE lately.left_at > (SELECT office_now()) - interval '1 hour') AS past
    WHERE used.mails >= :cap::integer OR :forced::boolean
), waiting AS (
    UPDATE outbox AS o SET released_at = least(o.released_at, turn.at)
    FROM turn, (SELECT lately.id FROM lately WHERE lately.state = 'queued' LIMIT 1) AS next
    WHERE o.office_id = :office_id AND o.id = next.id AND o.state = 'queued'
    RETURNING o.id
), another AS (
    -- Where one waited when we looked and does not any more, it is leaving at this moment.
    INSERT INTO outbox (office_id, dedupe_key, kind, way, recipient, person_id, created_at, released_at, message_id)
    SELECT
        :office_id, 'roll_up:' || :person_id::integer || ':' || to_char(due.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'roll_up',
        (SELECT CASE WHEN 'email' = ANY (p.ways) OR p.whatsapp IS NULL THEN 'email' ELSE 'whatsapp' END
         FROM person AS p WHERE p.office_id = :office_id AND p.id = :person_id),
        'person', :person_id, office_now(), due.at, :message_id
    FROM (
        SELECT CASE WHEN EXISTS (SELECT 1 FROM lately WHERE lately.state = 'queued') THEN office_now() + interval '1 hour' ELSE turn.at END AS at
        FROM turn
    ) AS due
    WHERE NOT EXISTS (SELECT 1 FROM waiting)
    RETURNING id
), roll_up AS (
    SELECT id FROM waiting UNION ALL SELECT id FROM another
), absorbed AS (
    UPDATE outbox AS o SET state = 'absorbed', absorbed_by = roll_up.id, lease_until = NULL, lease_token = NULL
    FROM roll_up
    WHERE o.office_id = :office_id AND (o.id = :outbox_id OR o.id IN (SELECT excess.id FROM excess))
    RETURNING o.id
)
SELECT count(*) FROM absorbed;

-- name: receipt_turn(office_id, ticket_id, outbox_id, most)^
-- Whether this receipt is among the first of its address in a day, or for as long as a flood that names it waits for a person. One
-- conditional statement: of two workers one is told so.
WITH mine AS (
    SELECT r.office_id, r.email_key, EXISTS (
        SELECT 1 FROM reporter AS o
        INNER JOIN ticket AS h ON h.office_id = o.office_id AND h.id = o.ticket_id
        WHERE o.office_id = r.office_id AND o.email_key = r.email_key AND h.status = 'received' AND (h.held_until IS NOT NULL OR h.unseen)
    ) AS in_flood
    FROM reporter AS r
    WHERE r.office_id = :office_id AND r.ticket_id = :ticket_id AND r.email_key IS NOT NULL AND r.erased_at IS NULL
)
INSERT INTO receipt_mail AS m (office_id, contact_key, since, mails)
SELECT mine.office_id, mine.email_key, office_now(), ARRAY[:outbox_id::bigint] FROM mine
ON CONFLICT (office_id, contact_key) DO UPDATE SET
    since = CASE
        WHEN m.since <= excluded.since - interval '1 day' AND NOT (SELECT mine.in_flood FROM mine) THEN excluded.since ELSE m.since
    END,
    mails = CASE
        WHEN m.since <= excluded.since - interval '1 day' AND NOT (SELECT mine.in_flood FROM mine) THEN excluded.mails
        WHEN :outbox_id::bigint = ANY (m.mails) OR cardinality(m.mails) >= :most::integer THEN m.mails
        ELSE m.mails || :outbox_id::bigint
    END
RETURNING
    :outbox_id::bigint = ANY (m.mails) AS goes, m.since, encode(m.contact_key, 'hex') AS contact, (SELECT mine.in_flood FROM mine) AS in_flood;

-- name: absorb_receipt(office_id, ticket_id, outbox_id, since, contact, in_flood, message_id)$
-- Into the list of what came within the hour after the first, or in the rest of the day. In a flood that outlives the day a list of its
-- own: that of the first day may have left.
WITH list_at AS (
    SELECT
        CASE WHEN office_now() < :since::timestamptz + interval '1 hour' THEN interval '1 hour' ELSE interval '1 day' END AS after,
        CASE WHEN :in_flood::boolean AND office_now() >= :since::timestamptz + interval '1 day'
            THEN ':' || to_char(office_now() AT TIME ZONE 'UTC', 'YYYY-MM-DD') ELSE '' END AS day
), list AS (
    INSERT INTO outbox (office_id, ticket_id, dedupe_key, kind, way, recipient, created_at, released_at, message_id)
    SELECT
        :office_id, :ticket_id, 'receipts:' || left(:contact::text, 24) || ':' || extract(epoch FROM :since::timestamptz)::bigint
            || ':' || extract(epoch FROM list_at.after)::integer || list_at.day,
        'receipts', 'email', 'reporter', office_now(), :since::timestamptz + list_at.after, :message_id
    FROM list_at
    ON CONFLICT (office_id, dedupe_key) DO UPDATE SET params = outbox.params
    RETURNING id
)
UPDATE outbox AS o SET state = 'absorbed', absorbed_by = list.id, lease_until = NULL, lease_token = NULL
FROM list WHERE o.office_id = :office_id AND o.id = :outbox_id
RETURNING o.id;

-- name: put_off_list(office_id, list_id)$
-- A list waits for as long as something that names its address waits for a person: an hour, then it is asked again.
UPDATE outbox AS l
SET state = 'queued', released_at = office_now() + interval '1 hour', attempts = greatest(l.attempts - 1, 0), lease_until = NULL,
    lease_token = NULL
WHERE l.office_id = :office_id AND l.id = :list_id AND EXISTS (
        SELECT 1 FROM reporter AS mine
        INNER JOIN reporter AS o ON o.office_id = mine.office_id AND o.email_key = mine.email_key
        INNER JOIN ticket AS h ON h.office_id = o.office_id AND h.id = o.ticket_id
        WHERE mine.office_id = l.office_id AND mine.ticket_id = l.ticket_id AND h.status = 'received'
            AND (h.held_until IS NOT NULL OR h.unseen)
    )
RETURNING l.id;

-- name: listed_receipts(office_id, list_id, most)
-- What a list confirms. Nothing when something of the same address was rejected instead of being taken up: then somebody else writes it
-- into forms, and one mail was enough.
SELECT t.id, t.number, t.key_id, t.kind, t.category, t.service
FROM outbox AS o
INNER JOIN ticket AS t ON t.office_id = o.office_id AND t.id = o.ticket_id
WHERE o.office_id = :office_id AND o.absorbed_by = :list_id
    AND NOT EXISTS (
        SELECT 1 FROM outbox AS l
        INNER JOIN reporter AS mine ON mine.office_id = l.office_id AND mine.ticket_id = l.ticket_id
        INNER JOIN reporter AS r ON r.office_id = mine.office_id AND r.email_key = mine.email_key
        INNER JOIN ticket AS h ON h.office_id = r.office_id AND h.id = r.ticket_id
        WHERE l.office_id = :office_id AND l.id = :list_id AND (h.held_until IS NOT NULL OR h.unseen)
            AND h.received_at > l.created_at - interval '2 days'
    )
ORDER BY t.id LIMIT :most;

-- name: forget_receipts()!
-- What a flood goes on with is remembered for as long as it waits for a person.
DELETE FROM receipt_mail AS m WHERE m.since < (SELECT office_now()) - interval '1 day' AND NOT EXISTS (
        SELECT 1 FROM reporter AS o
        INNER JOIN ticket AS h ON h.office_id = o.office_id AND h.id = o.ticket_id
        WHERE o.office_id = m.office_id AND o.email_key = m.contact_key AND h.status = 'received' AND (h.held_until IS NOT NULL OR h.unseen)
    );

-- name: hand_over(office_id, id, token, lease_seconds)$
-- Just before the message leaves: the lease starts anew and one more hand-over has an unknown end. NULL: the lease is no longer ours.
UPDATE outbox SET uncertain = uncertain + 1, lease_until = clock_timestamp() + :lease_seconds::float8 * interval '1 second'
WHERE office_id = :office_id AND id = :id AND state = 'sending' AND lease_token = :token
RETURNING uncertain;

-- name: mark_sent(office_id, id, token, provider_id)$
UPDATE outbox
SET state = 'sent', sent_at = clock_timestamp(), sent_office_at = office_now(), uncertain = uncertain - 1, provider_id = :provider_id,
    lease_until = NULL, lease_token = NULL, last_error = NULL
WHERE office_id = :office_id AND id = :id AND state = 'sending' AND lease_token = :token
RETURNING id;

-- name: mark_again(office_id, id, token, pause_seconds, error, known_ends)$
-- Back into the queue. known_ends: hand-overs of which we now know that nothing was taken (0 or 1).
UPDATE outbox
SET state = 'queued', next_try_at = clock_timestamp() + :pause_seconds::float8 * interval '1 second', last_error = :error,
    uncertain = uncertain - :known_ends::smallint, lease_until = NULL, lease_token = NULL
WHERE office_id = :office_id AND id = :id AND state = 'sending' AND lease_token = :token
RETURNING id;

-- name: give_back(office_id, id, token)$
-- A worker that is told to stop before the message left: the try does not count.
UPDATE outbox SET state = 'queued', attempts = attempts - 1, lease_until = NULL, lease_token = NULL
WHERE office_id = :office_id AND id = :id AND state = 'sending' AND lease_token = :token
RETURNING id;

-- name: mark_ended(office_id, id, token, state, error)$
-- dead or cancelled, with the reason as a code.
UPDATE outbox SET state = :state, last_error = :error, lease_until = NULL, lease_token = NULL
WHERE office_id = :office_id AND id = :id AND state = 'sending' AND lease_token = :token
RETURNING id;

-- name: turn(office_id, id, way, turned, twin)$
-- A dead message to a person of the office turns to the other way, once, unless the same news is on that way already.
UPDATE outbox AS o
SET state = 'queued', way = :way, dedupe_key = o.dedupe_key || :turned::text, attempts = 0, uncertain = 0,
    next_try_at = clock_timestamp()
WHERE o.office_id = :office_id AND o.id = :id AND o.state = 'dead' AND o.recipient = 'person'
    AND NOT EXISTS (SELECT 1 FROM outbox AS t WHERE t.office_id = o.office_id AND t.dedupe_key = :twin)
RETURNING o.id;

-- name: raise_alarm(office_id, key, what, details)!
INSERT INTO alarm (office_id, key, what, details) VALUES (:office_id, :key, :what, :details)
ON CONFLICT (office_id, key) WHERE cleared_at IS NULL DO NOTHING;

-- name: clear_alarm(office_id, key)!
UPDATE alarm SET cleared_at = office_now() WHERE office_id = :office_id AND key = :key AND cleared_at IS NULL;

-- name: put(office_id, ticket_id, event_seq, dedupe_key, kind, way, recipient, person_id, address, params, message_id)$
-- A message that no ticket command caused: digest, alarm, the other way round a gateway. NULL when it is there already.
INSERT INTO outbox (
    office_id, ticket_id, event_seq, dedupe_key, kind, way, recipient, person_id, address, params, created_at, released_at, message_id
) VALUES (
    :office_id, :ticket_id::bigint, :event_seq::integer, :dedupe_key, :kind, :way, :recipient, :person_id::integer, :address, :params,
    office_now(), office_now(), :message_id
)
ON CONFLICT (office_id, dedupe_key) DO NOTHING
RETURNING id;

-- name: ticket_facts(office_id, ticket_id, event_seq)^
-- Everything a message about a ticket may need, as of now, in one round trip.
SELECT
    office_now() AS at,
    json_build_object(
        'id', t.id, 'number', t.number, 'status', t.status, 'status_before', t.status_before, 'released_at', t.released_at,
        'kind', t.kind, 'channel', t.channel, 'privacy', t.privacy, 'language', t.language, 'category', t.category,
        'service', t.service, 'priority', t.priority, 'unit_id', t.unit_id, 'assignee_id', t.assignee_id,
        'reported_units', t.reported_units, 'reported_people', t.reported_people, 'received_at', t.received_at,
        'last_sign_at', t.last_sign_at, 'answered_at', t.answered_at, 'ended_at', t.ended_at, 'episode', t.episode, 'level', t.level,
        'requested_days', t.requested_days, 'held_until', t.held_until, 'unseen', t.unseen, 'version', t.version, 'key_id', t.key_id,
        'touched', EXISTS (SELECT 1 FROM ticket_event AS e
                           WHERE e.office_id = t.office_id AND e.ticket_id = t.id AND e.person_id IS NOT NULL AND e.undone_by IS NULL),
        'in_flood', EXISTS (
            SELECT 1 FROM reporter AS o
            INNER JOIN ticket AS h ON h.office_id = o.office_id AND h.id = o.ticket_id
            WHERE o.office_id = r.office_id AND o.email_key = r.email_key AND h.id <> t.id AND (h.held_until IS NOT NULL OR h.unseen)
                AND h.status IN ('received', 'rejected')
                AND h.received_at BETWEEN t.received_at - interval '7 days' AND t.received_at + interval '7 days'),
        'email', r.email,
        'message', (SELECT m.text FROM message AS m
                    WHERE m.office_id = t.office_id AND m.ticket_id = t.id AND m.seq = :event_seq::integer AND m.erased_at IS NULL),
        'event', (SELECT json_build_object('seq', e.seq, 'at', e.at, 'type', e.type, 'actor', e.actor, 'person_id', e.person_id,
                                           'body', e.body, 'released_at', e.released_at, 'undone_by', e.undone_by)
                  FROM ticket_event AS e WHERE e.office_id = t.office_id AND e.ticket_id = t.id AND e.seq = :event_seq::integer),
        'deadlines', (SELECT coalesce(json_agg(json_build_object(
                          'target', d.target, 'episode', d.episode, 'started_at', d.started_at, 'due_at', d.due_at, 'amount', d.amount,
                          'measure', d.measure, 'paused_at', d.paused_at, 'ended_at', d.ended_at) ORDER BY d.episode, d.due_at), '[]')
                      FROM deadline AS d WHERE d.office_id = t.office_id AND d.ticket_id = t.id),
        'recent', (SELECT coalesce(json_agg(x ORDER BY x.seq DESC), '[]') FROM (
                       SELECT e.seq, e.at, e.type, e.actor, e.person_id, e.body, e.released_at, e.undone_by FROM ticket_event AS e
                       WHERE e.office_id = t.office_id AND e.ticket_id = t.id AND e.undone_by IS NULL AND e.type <> 'undone'
                         -- A rung that a higher one covered told nobody: three of them would push out what people did.
                         AND NOT (e.type = 'rung_fired' AND e.body::jsonb -> 'mail' = 'false'::jsonb)
                       ORDER BY e.seq DESC LIMIT 3) AS x)
    )::text AS facts
FROM ticket AS t
LEFT JOIN reporter AS r ON r.office_id = t.office_id AND r.ticket_id = t.id AND r.erased_at IS NULL
WHERE t.office_id = :office_id AND t.id = :ticket_id;

-- name: outcome(office_id, ticket_id, event_seq)^
-- What happened to the case that another one was merged into, and the office's words on it.
SELECT
    e.type, e.undone_by IS NOT NULL AS undone,
    (SELECT m.text FROM message AS m WHERE m.office_id = e.office_id AND m.ticket_id = e.ticket_id AND m.seq = e.seq
        AND m.sender = 'office' AND m.erased_at IS NULL) AS words
FROM ticket_event AS e
WHERE e.office_id = :office_id AND e.ticket_id = :ticket_id AND e.seq = :event_seq;

-- name: chat(office_id, chat_id)^
SELECT provider, address, language, draft, last_inbound_at FROM whatsapp_chat WHERE office_id = :office_id AND id = :chat_id;

-- name: absorbed(office_id, roll_up_id, limit)
-- The open tickets of a roll-up, each once with its highest and latest rung; urgent ones that nobody has taken up come first, then the
-- highest level, then what is due next. ``count``: all of them, however few are listed.
SELECT *, count(*) OVER () AS count FROM (
    SELECT DISTINCT ON (o.ticket_id) t.number, t.status, t.category, t.service, t.unit_id, t.assignee_id, t.next_due_at, o.params
    FROM outbox AS o
    INNER JOIN ticket AS t ON t.office_id = o.office_id AND t.id = o.ticket_id
    WHERE o.office_id = :office_id AND o.absorbed_by = :roll_up_id
        AND t.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
        -- As notifications/owed.py judges a rung that goes by itself: called off by a deed or a new deadline.
        AND (o.kind <> 'rung' OR CASE
            WHEN o.params::json ->> 'target' = 'sign' THEN t.last_sign_at <= o.created_at
            ELSE coalesce((
                SELECT d.started_at <= o.created_at AND d.paused_at IS NULL AND d.ended_at IS NULL
                    AND NOT (coalesce((o.params::json ->> 'breach')::boolean, false) AND d.due_at > office_now())
                FROM deadline AS d
                WHERE d.office_id = o.office_id AND d.ticket_id = o.ticket_id AND d.target = o.params::json ->> 'target'
                ORDER BY d.episode DESC LIMIT 1
            ), true)
        END)
    ORDER BY o.ticket_id, (o.params::json ->> 'level')::integer DESC NULLS LAST, o.id DESC
) AS one_each
ORDER BY
    coalesce(params::json ->> 'target', '') = 'attend' DESC, (params::json ->> 'level')::integer DESC NULLS LAST, next_due_at NULLS LAST, number
LIMIT :limit;

-- name: open_figures(office_id, units, own_units, person_id)^
-- Figures of a morning digest: only tickets in the person's units that do not name the person or the person's unit.
SELECT
    count(*) AS open,
    count(*) FILTER (WHERE next_due_at < (SELECT office_now())) AS overdue,
    count(*) FILTER (WHERE next_due_at >= (SELECT office_now()) AND next_due_at < (SELECT office_now()) + interval '1 day') AS due_soon,
    count(*) FILTER (WHERE assignee_id IS NULL) AS unassigned,
    count(*) FILTER (WHERE assignee_id = :person_id) AS mine
FROM ticket
WHERE office_id = :office_id AND unit_id = ANY (:units::integer[])
    AND NOT reported_units && :own_units::integer[] AND NOT :person_id::integer = ANY (reported_people)
    AND status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered');

-- name: most_urgent(office_id, units, own_units, person_id, limit)
SELECT number, status, category, service, unit_id, assignee_id, next_due_at, NULL AS params
FROM ticket
WHERE office_id = :office_id AND unit_id = ANY (:units::integer[])
    AND NOT reported_units && :own_units::integer[] AND NOT :person_id::integer = ANY (reported_people)
    AND status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
ORDER BY next_due_at NULLS LAST, id LIMIT :limit;

-- name: clear_reached(office_id)!
-- A case that no rung could reach anybody for has been seen to since, or is over.
UPDATE alarm AS a SET cleared_at = office_now()
FROM ticket AS t
WHERE a.office_id = :office_id AND a.cleared_at IS NULL AND a.key LIKE 'rung_without_receiver:%'
    AND t.office_id = a.office_id AND t.id = split_part(a.key, ':', 2)::bigint
    AND (t.last_sign_at > a.raised_at OR t.status NOT IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered'));

-- name: alarms_without_mail(office_id)
-- Which administrator has not been told of which open alarm; looks only into the unique key. Cases that reach nobody come in crowds
-- (everybody is on leave): they are told together (alone: false), at most once an hour; the page lists them all.
SELECT alarm_id, person_id, alone FROM (
    SELECT a.id AS alarm_id, p.id AS person_id, o.id IS NOT NULL AS told,
        row_number() OVER (PARTITION BY p.id, crowd.name, o.id IS NULL ORDER BY a.id) = 1 AS alone,
        coalesce(bool_or(o.state <> 'cancelled' AND o.created_at > office_now() - interval '1 hour')
            OVER (PARTITION BY p.id, crowd.name), false) AS lately
    FROM alarm AS a
    INNER JOIN person AS p ON p.office_id = a.office_id AND p.role = 'admin' AND p.active AND p.email IS NOT NULL
    CROSS JOIN LATERAL (SELECT CASE WHEN a.key LIKE 'rung_without_receiver:%' THEN 'nobody' ELSE a.id::text END AS name) AS crowd
    LEFT JOIN outbox AS o ON o.office_id = a.office_id AND o.dedupe_key = 'alarm:' || a.id || ':' || p.id
    WHERE a.office_id = :office_id AND a.cleared_at IS NULL
) AS each_alarm
WHERE NOT told AND NOT lately
ORDER BY alarm_id, person_id LIMIT 1000;

-- name: told_together(office_id, ids)!
-- Another mail of the same moment tells of these.
UPDATE outbox SET state = 'cancelled', last_error = 'told_together'
WHERE office_id = :office_id AND id = ANY (:ids::bigint[]) AND state = 'queued';

-- name: alarm(office_id, id)^
SELECT key, what, details, raised_at, cleared_at FROM alarm WHERE office_id = :office_id AND id = :id;

-- name: open_alarms(office_id)
SELECT id, key, what, details, raised_at FROM alarm WHERE office_id = :office_id AND cleared_at IS NULL ORDER BY id DESC LIMIT 200;

-- name: dead_letters(office_id, limit)
SELECT o.id, t.number, o.kind, o.way, o.recipient, o.person_id, o.attempts, o.uncertain, o.last_error, o.created_at
FROM outbox AS o
LEFT JOIN ticket AS t ON t.office_id = o.office_id AND t.id = o.ticket_id
WHERE o.office_id = :office_id AND o.state = 'dead'
ORDER BY o.id DESC LIMIT :limit;

-- name: retry(office_id, id)^
UPDATE outbox
SET state = 'queued', attempts = 0, uncertain = 0, last_error = NULL, next_try_at = clock_timestamp()
WHERE office_id = :office_id AND id = :id AND state = 'dead'
RETURNING kind, way;

-- name: dead_left(office_id, kind, way)$
SELECT count(*) FROM outbox WHERE office_id = :office_id AND state = 'dead' AND kind = :kind AND way = :way;

-- name: waiting(ways, patience_seconds)^
-- What a drain and the health page ask: rows due now, rows in somebody's hands, and the seconds until the next row is due.
-- While sending is held nothing is due; nor is a row whose reader is still to get another one first (see claim). Webhooks have their own.
WITH waiting AS (
    SELECT
        r.state, r.way, r.released_at, r.next_try_at,
        CASE
            WHEN r.state <> 'queued' OR r.released_at > (SELECT office_now()) THEN false
            WHEN r.chat_id IS NOT NULL THEN (
                SELECT 1 FROM outbox AS p
                WHERE p.office_id = r.office_id AND p.chat_id = r.chat_id AND p.state IN ('queued', 'sending') AND p.id <> r.id
                    AND (p.state = 'sending' OR ((p.released_at, p.id) < (r.released_at, r.id)
                        AND p.next_try_at <= clock_timestamp() + :patience_seconds::float8 * interval '1 second'))
                LIMIT 1
            ) IS NOT NULL
            WHEN r.recipient = 'reporter' THEN (
                SELECT 1 FROM outbox AS p
                WHERE p.office_id = r.office_id AND p.ticket_id = r.ticket_id AND p.recipient = 'reporter'
                    AND p.state IN ('queued', 'sending') AND p.id <> r.id
                    AND (p.state = 'sending' OR ((p.released_at, p.id) < (r.released_at, r.id)
                        AND p.next_try_at <= clock_timestamp() + :patience_seconds::float8 * interval '1 second'))
                LIMIT 1
            ) IS NOT NULL
            ELSE false
        END AS behind_another,
        EXISTS (SELECT 1 FROM sending_hold AS h WHERE h.resumed_at IS NULL) AS held
    FROM outbox AS r WHERE r.state IN ('queued', 'sending') AND r.way <> 'webhook'
)
SELECT
    count(*) FILTER (WHERE state = 'queued' AND released_at <= (SELECT office_now()) AND next_try_at <= (SELECT clock_timestamp())
        AND NOT behind_another AND NOT held) AS due,
    count(*) FILTER (WHERE state = 'sending') AS leased,
    extract(epoch FROM (SELECT office_now())
        - min(released_at) FILTER (WHERE state = 'queued' AND released_at <= (SELECT office_now())))::float8 AS oldest_seconds,
    min(greatest(
        extract(epoch FROM released_at - (SELECT office_now())),
        extract(epoch FROM next_try_at - (SELECT clock_timestamp()))
    )) FILTER (WHERE state = 'queued' AND way = ANY (:ways::text[]) AND NOT behind_another AND NOT held)::float8 AS next_seconds
FROM waiting;
