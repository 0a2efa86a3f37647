-- Devices that want news of a case.

-- name: subscribe(office_id, ticket_id, endpoint, p256dh, auth, most)$
-- The same device again: its keys as they are now. Nothing when the case has as many devices as it may have.
INSERT INTO push_subscription (office_id, ticket_id, endpoint, p256dh, auth)
SELECT :office_id::integer, :ticket_id::bigint, :endpoint::text, :p256dh::bytea, :auth::bytea
WHERE (
    SELECT count(*) FROM push_subscription AS s
    WHERE s.office_id = :office_id::integer AND s.ticket_id = :ticket_id::bigint AND s.endpoint <> :endpoint::text
) < :most::integer
ON CONFLICT (office_id, ticket_id, endpoint) DO UPDATE SET p256dh = excluded.p256dh, auth = excluded.auth
RETURNING id;

-- name: unsubscribe(office_id, ticket_id, endpoint)!
DELETE FROM push_subscription WHERE office_id = :office_id AND ticket_id = :ticket_id AND endpoint = :endpoint;

-- name: subscription(office_id, id)^
-- A device is an address of the person's: once the case's personal data are erased nothing is sent there any more.
SELECT s.endpoint, s.p256dh, s.auth FROM push_subscription AS s
WHERE s.office_id = :office_id AND s.id = :id
    AND NOT EXISTS (
        SELECT 1 FROM complaint_text AS c
        WHERE c.office_id = s.office_id AND c.ticket_id = s.ticket_id AND c.erased_at IS NOT NULL
    )
    AND NOT EXISTS (
        SELECT 1 FROM reporter AS r
        WHERE r.office_id = s.office_id AND r.ticket_id = s.ticket_id AND r.erased_at IS NOT NULL
    );

-- name: gone(office_id, endpoint)!
-- The browser's service does not know the device any more: it is gone for every case.
DELETE FROM push_subscription WHERE office_id = :office_id AND endpoint = :endpoint;

-- name: forget_ended(days)!
-- Nobody waits for news of what has long ended (office time), and a device goes with the case's personal data (upkeep).
WITH over AS MATERIALIZED (
    SELECT DISTINCT s.office_id, s.ticket_id
    FROM push_subscription AS s
    INNER JOIN ticket AS t ON t.office_id = s.office_id AND t.id = s.ticket_id
    LEFT JOIN complaint_text AS c ON c.office_id = s.office_id AND c.ticket_id = s.ticket_id AND c.erased_at IS NOT NULL
    LEFT JOIN reporter AS r ON r.office_id = s.office_id AND r.ticket_id = s.ticket_id AND r.erased_at IS NOT NULL
    WHERE t.ended_at < office_now() - make_interval(days => :days)
        OR c.ticket_id IS NOT NULL OR r.ticket_id IS NOT NULL
)

DELETE FROM push_subscription AS s USING over AS o
WHERE o.office_id = s.office_id AND o.ticket_id = s.ticket_id;
