-- A citizen's opened tickets (machine time: a move of the development clock closes nobody's page).

-- name: open_ticket(token_hash, office_id, ticket_id, number, shows_code, hours)!
INSERT INTO ticket_cookie (token_hash, office_id, ticket_id, number, shows_code, expires_at)
VALUES (:token_hash, :office_id, :ticket_id, :number, :shows_code, clock_timestamp() + make_interval(hours => :hours));

-- name: opened_tickets(token_hashes)
SELECT token_hash, office_id, ticket_id, number, shows_code, expires_at
FROM ticket_cookie
WHERE token_hash = ANY (:token_hashes) AND expires_at > clock_timestamp()
ORDER BY created_at DESC;

-- name: forget_tickets(token_hashes)!
DELETE FROM ticket_cookie
WHERE token_hash = ANY (:token_hashes);

-- name: forget_expired()!
DELETE FROM ticket_cookie
WHERE expires_at < clock_timestamp();

-- name: number_of(office_id, ticket_id)$
SELECT number FROM ticket WHERE office_id = :office_id AND id = :ticket_id;
