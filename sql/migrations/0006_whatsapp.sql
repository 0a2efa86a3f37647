-- WhatsApp: chats with their drafts, and the keyed hash of every message taken in (D6)
-- depends: 0005_clocks_and_outbox

-- migrate: apply
CREATE TABLE whatsapp_chat (
    office_id integer NOT NULL REFERENCES office,
    id bigint GENERATED ALWAYS AS IDENTITY,
    provider text NOT NULL CHECK (provider IN ('cloud', 'gowa')),
    -- Keyed hash of telephone number or business-scoped user id: finds the chat without storing an index of numbers.
    address_key bytea NOT NULL,
    address text NOT NULL,
    profile_name text,
    language text NOT NULL DEFAULT 'id',
    step text NOT NULL DEFAULT 'start',
    draft text NOT NULL DEFAULT '{}',
    draft_key bytea,
    ticket_id bigint,
    last_inbound_at timestamptz NOT NULL,
    PRIMARY KEY (office_id, id),
    UNIQUE (office_id, provider, address_key)
);

CREATE TABLE whatsapp_inbound (
    office_id integer NOT NULL,
    message_key bytea NOT NULL,
    chat_id bigint,
    received_at timestamptz NOT NULL DEFAULT office_now(),
    outcome text NOT NULL,
    PRIMARY KEY (office_id, message_key)
);
CREATE INDEX whatsapp_inbound_age ON whatsapp_inbound (received_at);

-- migrate: rollback
DROP TABLE whatsapp_inbound;
DROP TABLE whatsapp_chat;
