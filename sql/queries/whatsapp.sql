-- name: lock_chat(office_id, provider, address_key, address, profile_name, language)^
-- The chat of an address under its lock, made when it is new: messages of one chat are taken in one after the other.
INSERT INTO whatsapp_chat AS c (office_id, provider, address_key, address, profile_name, language, last_inbound_at)
VALUES (:office_id, :provider, :address_key, :address, :profile_name, :language, office_now())
ON CONFLICT (office_id, provider, address_key) DO UPDATE
SET last_inbound_at = office_now(), address = excluded.address, profile_name = coalesce(excluded.profile_name, c.profile_name)
RETURNING c.id, c.address, c.profile_name, c.language, c.step, c.draft, c.draft_key, c.ticket_id;

-- name: lock_chat_again(office_id, chat_id)^
-- The same for a chat that is known; nothing was written by the person.
SELECT id, address, profile_name, language, step, draft, draft_key, ticket_id
FROM whatsapp_chat WHERE office_id = :office_id AND id = :chat_id
FOR UPDATE;

-- name: note_inbound(office_id, message_key, chat_id, outcome)$
-- Take a message in, once (D6): NULL when it is new, else what became of it.
WITH known AS (
    SELECT outcome FROM whatsapp_inbound WHERE office_id = :office_id AND message_key = :message_key
), added AS (
    INSERT INTO whatsapp_inbound (office_id, message_key, chat_id, outcome)
    SELECT :office_id, :message_key, :chat_id::bigint, :outcome WHERE NOT EXISTS (SELECT 1 FROM known)
    ON CONFLICT (office_id, message_key) DO NOTHING
)
SELECT outcome FROM known;

-- name: set_aside(office_id, message_key)^
-- A message that cannot be handled is not tried again; no row: it was finished or set aside before.
INSERT INTO whatsapp_inbound AS i (office_id, message_key, outcome) VALUES (:office_id, :message_key, 'set_aside')
ON CONFLICT (office_id, message_key) DO UPDATE SET outcome = 'set_aside' WHERE i.outcome NOT IN ('done', 'set_aside')
RETURNING message_key;

-- name: finish_inbound(office_id, message_key, outcome)!
UPDATE whatsapp_inbound SET outcome = :outcome WHERE office_id = :office_id AND message_key = :message_key;

-- name: finish_filed(office_id, chat_id)!
-- The confirmation that was being worked on when the filing is finished, by whomever.
UPDATE whatsapp_inbound SET outcome = 'done' WHERE office_id = :office_id AND chat_id = :chat_id AND outcome = 'filing';

-- name: save_chat(office_id, chat_id, step, draft, draft_key, language, ticket_id)!
UPDATE whatsapp_chat
SET step = :step, draft = :draft, draft_key = :draft_key::bytea, language = :language, ticket_id = :ticket_id::bigint
WHERE office_id = :office_id AND id = :chat_id;

-- name: queue_turn(office_id, chat_id, dedupe_key, params, message_id)!
-- One message of the conversation; the words and the draft are put in when it is sent.
INSERT INTO outbox (office_id, dedupe_key, kind, way, recipient, chat_id, params, created_at, released_at, message_id)
VALUES (:office_id, :dedupe_key, 'chat', 'whatsapp', 'chat', :chat_id, :params, office_now(), office_now(), :message_id)
ON CONFLICT (office_id, dedupe_key) DO NOTHING;

-- name: withdraw_summaries(office_id, chat_id)!
-- A summary that has not left yet is about a draft that has just changed.
UPDATE outbox SET state = 'cancelled'
WHERE office_id = :office_id AND state = 'queued' AND kind = 'chat' AND chat_id = :chat_id
    AND params::json ->> 'template' = 'summary';

-- name: ticket_in_chat(office_id, ticket_id)^
-- How a ticket of a chat stands, and as what the person sees it while an officer's deed can still be undone.
SELECT id, number, status, CASE WHEN office_now() >= released_at THEN status ELSE status_before END AS seen_status
FROM ticket WHERE office_id = :office_id AND id = :ticket_id;

-- name: ticket_of_chat(office_id, number, chat_id)^
-- A ticket by its number, only for the chat in which it was filed.
SELECT k.id, k.number FROM ticket AS k
INNER JOIN reporter AS r ON r.office_id = k.office_id AND r.ticket_id = k.id AND r.chat_id = :chat_id::bigint
WHERE k.office_id = :office_id AND k.number = :number;

-- name: chats_being_filed(limit)
-- Confirmed drafts that nobody has finished filing; those of this very moment are still in somebody's hands.
SELECT office_id, id FROM whatsapp_chat
WHERE step = 'filing' AND last_inbound_at < (SELECT office_now()) - interval '5 seconds'
ORDER BY office_id, id LIMIT :limit;

-- name: forget_drafts(days)$
-- Words that were never sent are not kept (Law 27/2022): a draft that was left lying is deleted.
WITH forgotten AS (
    UPDATE whatsapp_chat SET step = 'start', draft = '{}', draft_key = NULL
    WHERE step IN ('drafting', 'rewriting') AND last_inbound_at < (SELECT office_now()) - make_interval(days => :days)
    RETURNING id
)
SELECT count(*) FROM forgotten;

-- name: forget_inbound(days, limit)$
-- Keys of messages that no gateway delivers again.
WITH forgotten AS (
    DELETE FROM whatsapp_inbound WHERE (office_id, message_key) IN (
        SELECT office_id, message_key FROM whatsapp_inbound
        WHERE received_at < (SELECT office_now()) - make_interval(days => :days) AND outcome IN ('done', 'set_aside')
        LIMIT :limit
    )
    RETURNING message_key
)
SELECT count(*) FROM forgotten;

-- name: fail_message(provider_id, error)^
-- The gateway could not deliver a message that it had taken; it stays sent, and an administrator reads about it.
WITH failed AS (
    UPDATE outbox SET last_error = :error
    WHERE provider_id = :provider_id AND way = 'whatsapp' AND state = 'sent' AND last_error IS DISTINCT FROM :error
    RETURNING office_id, id
)
SELECT office_id, id FROM failed LIMIT 1;

-- name: raise_alarm(office_id, key, what, details)!
INSERT INTO alarm (office_id, key, what, details) VALUES (:office_id, :key, :what, :details)
ON CONFLICT (office_id, key) WHERE cleared_at IS NULL DO NOTHING;
