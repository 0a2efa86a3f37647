-- Deadlines, timers (D3, D4), the outbox (D5), links in messages, heartbeats
-- depends: 0004_tickets

-- migrate: apply
CREATE TABLE deadline (
    office_id integer NOT NULL,
    ticket_id bigint NOT NULL,
    target text NOT NULL CHECK (target IN ('verify', 'answer', 'sign', 'reporter', 'closing')),
    episode integer NOT NULL,
    started_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    first_due_at timestamptz NOT NULL,
    amount integer NOT NULL,
    measure text NOT NULL,
    policy_version integer NOT NULL,
    calendar_version integer NOT NULL,
    paused_at timestamptz,
    pauses text NOT NULL DEFAULT '[]',
    granted_days integer NOT NULL DEFAULT 0,
    -- The instant of the deed that ended it; undoing the deed within 10 s empties it again.
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('met', 'called_off')),
    ended_by_seq integer,
    breached_at timestamptz,
    level smallint NOT NULL DEFAULT 0,
    next_rung smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (office_id, ticket_id, target, episode),
    FOREIGN KEY (office_id, ticket_id) REFERENCES ticket
);
CREATE INDEX deadline_due ON deadline (office_id, target, due_at) WHERE ended_at IS NULL;

CREATE TABLE sla_timer (
    office_id integer NOT NULL,
    ticket_id bigint NOT NULL,
    rung text NOT NULL,
    episode integer NOT NULL,
    occurrence integer NOT NULL DEFAULT 0,
    target text NOT NULL,
    due_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'armed' CHECK (state IN ('armed', 'fired', 'called_off')),
    off_by_seq integer,
    armed_by_seq integer NOT NULL,
    fired_at timestamptz,
    attempts smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (office_id, ticket_id, rung, episode, occurrence),
    FOREIGN KEY (office_id, ticket_id) REFERENCES ticket
) WITH (fillfactor = 80);
CREATE INDEX sla_timer_due ON sla_timer (due_at, office_id, ticket_id) WHERE state = 'armed';

CREATE TABLE outbox (
    office_id integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    ticket_id bigint,
    event_seq integer,
    -- One row per (ticket, event, rung, recipient); a roll-up per (recipient, hour): invariant I3.
    dedupe_key text NOT NULL,
    kind text NOT NULL,
    way text NOT NULL CHECK (way IN ('email', 'whatsapp', 'webhook')),
    recipient text NOT NULL CHECK (recipient IN ('person', 'reporter', 'chat', 'address')),
    person_id integer,
    chat_id bigint,
    address text,
    params text NOT NULL DEFAULT '{}',
    escalation boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'cancelled', 'absorbed', 'dead')),
    created_at timestamptz NOT NULL,
    -- Office time: undo window, roll-up and digest hours.
    released_at timestamptz NOT NULL,
    -- Machine time: back-off and lease.
    next_try_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until timestamptz,
    lease_token bytea,
    attempts smallint NOT NULL DEFAULT 0,
    uncertain smallint NOT NULL DEFAULT 0,
    message_id text NOT NULL,
    absorbed_by bigint,
    sent_at timestamptz,
    sent_office_at timestamptz,
    provider_id text,
    last_error text,
    PRIMARY KEY (office_id, id),
    UNIQUE (office_id, dedupe_key)
);
CREATE INDEX outbox_ready ON outbox (released_at, id) WHERE state = 'queued';
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'sending';
CREATE INDEX outbox_ticket ON outbox (office_id, ticket_id, event_seq);
CREATE INDEX outbox_person_sent ON outbox (office_id, person_id, sent_office_at) WHERE state = 'sent' AND escalation;
CREATE INDEX outbox_person_queued ON outbox (office_id, person_id) WHERE state = 'queued' AND escalation;
CREATE INDEX outbox_dead ON outbox (office_id, id) WHERE state = 'dead';

-- Tokens in links are random and stored hashed (D7): for people 72 h, single use, bound to receiver and version; for citizens 30 days.
CREATE TABLE link (
    token_hash bytea PRIMARY KEY,
    office_id integer NOT NULL,
    ticket_id bigint NOT NULL,
    person_id integer,
    purpose text NOT NULL CHECK (purpose IN ('act', 'ticket')),
    ticket_version integer NOT NULL,
    outbox_id bigint,
    created_at timestamptz NOT NULL DEFAULT office_now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    FOREIGN KEY (office_id, ticket_id) REFERENCES ticket
);
CREATE INDEX link_expiry ON link (expires_at);

-- A citizen's opened ticket in this browser: the cookie's hash, made by /m/<token> or /lacak.
CREATE TABLE ticket_cookie (
    token_hash bytea PRIMARY KEY,
    office_id integer NOT NULL,
    ticket_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    FOREIGN KEY (office_id, ticket_id) REFERENCES ticket
);

CREATE TABLE heartbeat (
    name text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('web', 'worker')),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    swept_at timestamptz,
    details text NOT NULL DEFAULT '{}'
);

-- What an administrator must see: a rung that reached nobody, a dead message, a poison timer, a stalled worker.
CREATE TABLE alarm (
    office_id integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    what text NOT NULL,
    details text NOT NULL DEFAULT '{}',
    raised_at timestamptz NOT NULL DEFAULT office_now(),
    cleared_at timestamptz,
    PRIMARY KEY (office_id, id)
);
CREATE UNIQUE INDEX alarm_open ON alarm (office_id, key) WHERE cleared_at IS NULL;

-- migrate: rollback
DROP TABLE alarm;
DROP TABLE heartbeat;
DROP TABLE ticket_cookie;
DROP TABLE link;
DROP TABLE outbox;
DROP TABLE sla_timer;
DROP TABLE deadline;
