-- WhatsApp: what a crash leaves half done is found again, and a gateway's word about a message finds the message
-- depends: 0008_scope

-- migrate: apply
-- Confirmed drafts whose filing is not finished: there are none unless a process died between two transactions.
CREATE INDEX whatsapp_chat_filing ON whatsapp_chat (office_id, id) WHERE step = 'filing';
-- Drafts that were left lying are deleted by the upkeep.
CREATE INDEX whatsapp_chat_drafts ON whatsapp_chat (last_inbound_at) WHERE step IN ('drafting', 'rewriting');
CREATE INDEX outbox_chat_queued ON outbox (office_id, chat_id) WHERE state = 'queued' AND chat_id IS NOT NULL;
CREATE INDEX outbox_provider ON outbox (provider_id) WHERE provider_id IS NOT NULL;

-- migrate: rollback
DROP INDEX outbox_provider;
DROP INDEX outbox_chat_queued;
DROP INDEX whatsapp_chat_drafts;
DROP INDEX whatsapp_chat_filing;
