-- Outgoing webhooks: endpoints, and the rows of the outbox that go to them. Everything here is machine time but released_at (D12).

-- name: claim(token, lease_seconds, most_at_once)^
-- ONE row: first what a dead worker left behind, else the next of an endpoint that neither rests nor has its hands full, so that one
-- that hangs keeps nobody else waiting. Endpoints that are off are looked at too: what still waits for them is to be cancelled.
-- Nothing at all while a person holds the sending.
WITH left_behind AS (
    SELECT office_id, id FROM outbox
    WHERE state = 'sending' AND way = 'webhook' AND lease_until <= (SELECT clock_timestamp())
    ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED
), open AS MATERIALIZED (
    SELECT e.office_id, e.id::text AS address FROM webhook_endpoint AS e
    LEFT JOIN webhook_health AS h ON h.office_id = e.office_id AND h.endpoint_id = e.id
    WHERE (NOT e.active OR h.rests_until IS NULL OR h.rests_until <= clock_timestamp())
        AND (SELECT count(*) FROM outbox AS b
             WHERE b.office_id = e.office_id AND b.address = e.id::text AND b.state = 'sending' AND b.way = 'webhook')
        < :most_at_once::integer
    ORDER BY random()
), ready AS (
    SELECT r.office_id, r.id FROM open AS e
    CROSS JOIN LATERAL (
        SELECT o.office_id, o.id FROM outbox AS o
        WHERE o.office_id = e.office_id AND o.address = e.address AND o.state = 'queued' AND o.way = 'webhook'
            AND o.next_try_at <= (SELECT clock_timestamp()) AND o.released_at <= (SELECT office_now())
        ORDER BY o.next_try_at, o.id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS r
    LIMIT 1
), chosen AS (
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

-- name: next_seconds(most_at_once)$
-- Seconds until something may be due (<= 0: now); nothing when nothing waits, or only for endpoints whose hands are full.
SELECT min(greatest(
    extract(epoch FROM o.released_at - (SELECT office_now())),
    extract(epoch FROM o.next_try_at - (SELECT clock_timestamp())),
    CASE WHEN e.active THEN extract(epoch FROM h.rests_until - (SELECT clock_timestamp())) END
))::float8
FROM webhook_endpoint AS e
INNER JOIN outbox AS o ON o.office_id = e.office_id AND o.address = e.id::text AND o.state = 'queued' AND o.way = 'webhook'
LEFT JOIN webhook_health AS h ON h.office_id = e.office_id AND h.endpoint_id = e.id
WHERE NOT EXISTS (SELECT 1 FROM sending_hold AS s WHERE s.resumed_at IS NULL)
    AND (SELECT count(*) FROM outbox AS b
         WHERE b.office_id = e.office_id AND b.address = e.id::text AND b.state = 'sending' AND b.way = 'webhook')
    < :most_at_once::integer;

-- name: target(office_id, id)^
-- Where a message goes and what it is signed with; the old key only while it still counts.
SELECT url, active, key, CASE WHEN old_key_until > clock_timestamp() THEN old_key END AS old_key
FROM webhook_endpoint WHERE office_id = :office_id AND id = :id;

-- name: facts(office_id, ticket_id, event_seq)^
-- What the row itself could not know (the number of a new ticket), and whether its deed was taken back.
SELECT t.number, e.undone_by
FROM ticket AS t
LEFT JOIN ticket_event AS e ON e.office_id = t.office_id AND e.ticket_id = t.id AND e.seq = :event_seq::integer
WHERE t.office_id = :office_id AND t.id = :ticket_id;

-- name: worked(office_id, endpoint_id)!
INSERT INTO webhook_health (office_id, endpoint_id, worked_at) VALUES (:office_id, :endpoint_id, clock_timestamp())
ON CONFLICT (office_id, endpoint_id) DO UPDATE SET failures = 0, rests_until = NULL, worked_at = clock_timestamp(), last_error = NULL;

-- name: failed(office_id, endpoint_id, error, least_seconds, most_seconds, asked_seconds)!
-- The endpoint rests, longer with each failure in a row, and at least as long as it asked for.
INSERT INTO webhook_health AS h (office_id, endpoint_id, failures, failed_at, rests_until, last_error)
VALUES (:office_id, :endpoint_id, 1, clock_timestamp(),
        clock_timestamp() + greatest(:asked_seconds::float8, :least_seconds::float8) * interval '1 second', :error)
ON CONFLICT (office_id, endpoint_id) DO UPDATE SET
    failures = h.failures + 1, failed_at = clock_timestamp(), last_error = excluded.last_error,
    rests_until = clock_timestamp() + greatest(
        :asked_seconds::float8,
        least(:most_seconds::float8, :least_seconds::float8 * 2 ^ least(h.failures, 20))
    ) * interval '1 second';

-- name: endpoints(office_id)
-- The office's endpoints with how they answer, the oldest first.
SELECT
    e.id, e.url, e.description, e.events, e.active, e.reason, e.disabled_at, e.made_by, e.made_at,
    CASE WHEN e.old_key_until > clock_timestamp() THEN e.old_key_until END AS old_secret_until,
    coalesce(h.failures, 0) AS failures, h.worked_at, h.failed_at, h.last_error
FROM webhook_endpoint AS e
LEFT JOIN webhook_health AS h ON h.office_id = e.office_id AND h.endpoint_id = e.id
WHERE e.office_id = :office_id AND e.removed_at IS NULL
ORDER BY e.id;

-- name: lock_endpoints(office_id)$
-- How many there are; two who add one at the same time count one after the other.
SELECT count(*) FROM webhook_endpoint, (SELECT pg_advisory_xact_lock(hashtext('complaints webhooks'), :office_id)) AS locked
WHERE office_id = :office_id AND removed_at IS NULL;

-- name: add(office_id, url, description, events, key, made_by)$
INSERT INTO webhook_endpoint (office_id, url, description, events, key, made_by)
VALUES (:office_id, :url, :description, :events::text[], :key, :made_by)
RETURNING id;

-- name: rotate(office_id, id, key)$
-- A new key; the one before it counts for another day, the one before that no more.
UPDATE webhook_endpoint SET old_key = key, old_key_until = clock_timestamp() + interval '24 hours', key = :key
WHERE office_id = :office_id AND id = :id AND removed_at IS NULL
RETURNING old_key_until;

-- name: disable(office_id, id, reason)$
UPDATE webhook_endpoint SET active = false, reason = :reason, disabled_at = clock_timestamp()
WHERE office_id = :office_id AND id = :id AND active
RETURNING id;

-- name: enable(office_id, id)$
UPDATE webhook_endpoint SET active = true, reason = NULL, disabled_at = NULL
WHERE office_id = :office_id AND id = :id AND NOT active AND removed_at IS NULL
RETURNING id;

-- name: forgive(office_id, id)!
-- Whoever switches an endpoint on again expects it to be tried now.
UPDATE webhook_health SET failures = 0, rests_until = NULL WHERE office_id = :office_id AND endpoint_id = :id;

-- name: remove(office_id, id)$
UPDATE webhook_endpoint
SET active = false, disabled_at = coalesce(disabled_at, clock_timestamp()), removed_at = clock_timestamp(), old_key = NULL, old_key_until = NULL
WHERE office_id = :office_id AND id = :id AND removed_at IS NULL
RETURNING id;

-- name: standing(office_id, id)$
-- Whether the endpoint is on; nothing when there is none.
SELECT active FROM webhook_endpoint WHERE office_id = :office_id AND id = :id AND removed_at IS NULL;

-- name: cancel_waiting(office_id, address, reason)!
UPDATE outbox SET state = 'cancelled', last_error = :reason
WHERE office_id = :office_id AND address = :address AND state = 'queued' AND way = 'webhook';

-- name: put_test(office_id, address, dedupe_key, params)$
INSERT INTO outbox (office_id, dedupe_key, kind, way, recipient, address, params, created_at, released_at, message_id)
VALUES (:office_id, :dedupe_key, 'webhook.test', 'webhook', 'address', :address, :params, office_now(), office_now(), '')
RETURNING id;

-- name: deliveries(office_id, address, limit)
-- The last messages to an endpoint, the latest first.
SELECT o.id, o.kind, o.state, o.attempts, o.created_at, o.sent_at, o.last_error,
    CASE WHEN o.state = 'queued' THEN o.next_try_at END AS next_try_at, t.number
FROM outbox AS o
LEFT JOIN ticket AS t ON t.office_id = o.office_id AND t.id = o.ticket_id
WHERE o.office_id = :office_id AND o.address = :address AND o.way = 'webhook'
ORDER BY o.id DESC LIMIT :limit;
