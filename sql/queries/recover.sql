-- Links of open cases, sent again to the contact on file.

-- name: open_cases(office_id, contact_key)
-- At most five, the newest first, of a telephone number or e-mail address given as its blind index; those that no way reaches are left out.
SELECT r.ticket_id, r.email IS NOT NULL AS by_email, r.chat_id
FROM reporter AS r
INNER JOIN ticket AS t ON t.office_id = r.office_id AND t.id = r.ticket_id
WHERE r.office_id = :office_id AND (r.phone_key = :contact_key OR r.email_key = :contact_key) AND r.erased_at IS NULL
    AND t.status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')
    AND (r.email IS NOT NULL OR r.chat_id IS NOT NULL)
ORDER BY t.received_at DESC, t.id DESC LIMIT 5;

-- name: put(office_id, ticket_id, dedupe_key, way, recipient, chat_id, message_id)$
-- NULL: this hour's message of the case is there already.
INSERT INTO outbox (office_id, ticket_id, dedupe_key, kind, way, recipient, chat_id, created_at, released_at, message_id)
VALUES (:office_id, :ticket_id, :dedupe_key, 'recovery', :way, :recipient, :chat_id::bigint, office_now(), office_now(), :message_id)
ON CONFLICT (office_id, dedupe_key) DO NOTHING
RETURNING id;
