-- Settings of the office that people change: what was changed, by whom, why, and the document before and after.

-- name: add_office_event(office_id, person_id, what, subject, why, body)$
-- One change in the log, in the transaction of the change itself. Returns its id.
INSERT INTO office_event (office_id, person_id, what, subject, why, body)
VALUES (:office_id, :person_id, :what, :subject, :why, :body)
RETURNING id;

-- name: office_events(office_id, whats, before, most)
-- Changes of these kinds, the newest first, from before an id on.
SELECT id, at, person_id, what, subject, why, body
FROM office_event
WHERE office_id = :office_id AND what = ANY (:whats::text[]) AND id < :before
ORDER BY id DESC
LIMIT :most;

-- name: office_event(office_id, event_id)^
SELECT id, at, person_id, what, subject, why, body
FROM office_event
WHERE office_id = :office_id AND id = :event_id;

-- name: set_ways(office_id, person_id, ways, whatsapp)!
UPDATE person SET ways = :ways::text[], whatsapp = :whatsapp WHERE office_id = :office_id AND id = :person_id;
