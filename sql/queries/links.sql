-- Links in messages: random tokens stored hashed (D7). Their life is office time.

-- name: add(token_hash, office_id, ticket_id, person_id, purpose, ticket_version, outbox_id, hours)!
INSERT INTO link (token_hash, office_id, ticket_id, person_id, purpose, ticket_version, outbox_id, expires_at)
VALUES (:token_hash, :office_id, :ticket_id, :person_id::integer, :purpose, :ticket_version, :outbox_id::bigint,
        office_now() + :hours::integer * interval '1 hour');

-- name: find(token_hash, purpose)^
SELECT office_id, ticket_id, person_id, ticket_version, expires_at > (SELECT office_now()) AS alive, used_at IS NOT NULL AS used
FROM link WHERE token_hash = :token_hash AND purpose = :purpose;

-- name: use(token_hash)$
-- One of two people (or two clicks) wins.
UPDATE link SET used_at = office_now()
WHERE token_hash = :token_hash AND used_at IS NULL AND expires_at > (SELECT office_now())
RETURNING office_id;

-- name: unuse(token_hash)!
-- The deed could not be done for a reason that is not the person's: the link stays good.
UPDATE link SET used_at = NULL WHERE token_hash = :token_hash;

-- name: events_since(office_id, ticket_id, at)
SELECT seq, at, type, actor, person_id, body, released_at, undone_by FROM ticket_event
WHERE office_id = :office_id AND ticket_id = :ticket_id AND at > :at AND undone_by IS NULL
ORDER BY seq LIMIT 20;

-- name: made_at(token_hash)$
SELECT created_at FROM link WHERE token_hash = :token_hash;

-- name: sweep()!
DELETE FROM link WHERE expires_at < (SELECT office_now()) - interval '30 days';
