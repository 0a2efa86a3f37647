-- Outgoing webhooks (D5), and messages to one reader that leave in order
-- depends: 0020_attachments

-- migrate: apply
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
-- All indexes here are partial and small (what waits now), so that building them in the transaction holds no table for long.

-- Where machines are told. The secret is never stored: it is derived from the service's key and ``key``, which is worth nothing alone.
CREATE TABLE webhook_endpoint (
    office_id integer NOT NULL REFERENCES office,
    id integer GENERATED ALWAYS AS IDENTITY,
    url text NOT NULL CHECK (length(url) <= 500),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 200),
    events text[] NOT NULL CHECK (
        cardinality(events) > 0
        AND events <@ '{complaint.received,complaint.status_changed,complaint.escalated,feedback.cycle_closed}'::text[]
    ),
    active boolean NOT NULL DEFAULT true,
    -- by_hand: a person; gone: the receiver answered 410.
    reason text CHECK (reason = ANY ('{by_hand,gone}'::text[])),
    disabled_at timestamptz,
    key bytea NOT NULL,
    -- After a rotation both secrets sign for 24 hours (machine time).
    old_key bytea,
    old_key_until timestamptz,
    made_by integer NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The row stays: messages that left name it.
    removed_at timestamptz,
    PRIMARY KEY (office_id, id),
    FOREIGN KEY (office_id, made_by) REFERENCES person,
    CHECK (active = (disabled_at IS NULL)),
    CHECK (removed_at IS NULL OR NOT active)
);
-- Filing and commands read the endpoints with the office's other rows.
CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON webhook_endpoint
FOR EACH STATEMENT EXECUTE FUNCTION raise_config_version();

-- How an endpoint answers, apart from the endpoint itself: each delivery changes it, and that is no change of the office's settings.
-- Machine time. All workers leave a failing endpoint alone until rests_until.
CREATE TABLE webhook_health (
    office_id integer NOT NULL,
    endpoint_id integer NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    rests_until timestamptz,
    worked_at timestamptz,
    failed_at timestamptz,
    last_error text,
    PRIMARY KEY (office_id, endpoint_id),
    FOREIGN KEY (office_id, endpoint_id) REFERENCES webhook_endpoint
) WITH (fillfactor = 50);

-- A webhook's row is addressed by the endpoint's id, as text.
CREATE INDEX outbox_webhook_ready ON outbox (office_id, address, next_try_at, id) WHERE state = 'queued' AND way = 'webhook';
CREATE INDEX outbox_webhook_busy ON outbox (office_id, address) WHERE state = 'sending' AND way = 'webhook';
CREATE INDEX outbox_webhook ON outbox (office_id, address, id) WHERE way = 'webhook';

-- Thousands of rows that wait for a failing endpoint are not in the way of those who look for a mail to send.
DROP INDEX outbox_ready;
CREATE INDEX outbox_ready ON outbox (released_at, id) WHERE state = 'queued' AND way <> 'webhook';

-- Who looks for a message into a chat asks whether an older one waits there. (Mails to a reporter are found by outbox_ticket.)
CREATE INDEX outbox_chat_waiting ON outbox (office_id, chat_id, released_at, id)
WHERE chat_id IS NOT NULL AND state IN ('queued', 'sending');

-- migrate: rollback
DROP INDEX outbox_chat_waiting;
DROP INDEX outbox_ready;
CREATE INDEX outbox_ready ON outbox (released_at, id) WHERE state = 'queued';
DROP INDEX outbox_webhook;
DROP INDEX outbox_webhook_busy;
DROP INDEX outbox_webhook_ready;
DROP TABLE webhook_health;
DROP TABLE webhook_endpoint;
