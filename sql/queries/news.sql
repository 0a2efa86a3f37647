-- Whether a citizen's case has news.

-- name: glance(token_hash, office_id, ticket_id)^
-- What moves whenever the citizen's view can have changed; no row once the browser's right to the case has ended.
SELECT
    t.released_at <= (SELECT office_now()) AS released,
    (SELECT count(*) FROM ticket_event AS e
     WHERE e.office_id = t.office_id AND e.ticket_id = t.id AND e.undone_by IS NULL AND e.released_at <= (SELECT office_now())) AS events
FROM ticket_cookie AS c
INNER JOIN ticket AS t ON t.office_id = c.office_id AND t.id = c.ticket_id
WHERE c.token_hash = :token_hash AND c.office_id = :office_id AND c.ticket_id = :ticket_id AND c.expires_at > clock_timestamp();
