-- The heart: tickets, their chained events, and the erasable personal content beside them (D2, D9, D10)
-- depends: 0003_accounts

-- migrate: apply
-- No foreign keys to the office's own rows (units, people, catalogue, policies): those rows are never deleted, and every filing would
-- take a share lock on the same few of them.
CREATE TABLE ticket (
    office_id integer NOT NULL,
    id bigint NOT NULL,
    number text NOT NULL,
    status text NOT NULL CHECK (status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered',
                                           'closed', 'rejected', 'forwarded', 'merged', 'withdrawn')),
    -- What the citizen sees until released_at: an officer's deed can be undone for 10 s (D2).
    status_before text NOT NULL,
    released_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('complaint', 'suggestion', 'information')),
    channel text NOT NULL CHECK (channel IN ('web', 'whatsapp', 'kiosk', 'counter', 'phone', 'letter', 'social', 'email')),
    privacy text NOT NULL CHECK (privacy IN ('open', 'confidential', 'anonymous')),
    language text NOT NULL DEFAULT 'id' CHECK (language IN ('id', 'en')),
    category text,
    service text,
    priority text NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    simple boolean NOT NULL DEFAULT false,
    oversight boolean NOT NULL DEFAULT false,
    unit_id integer NOT NULL,
    assignee_id integer,
    reported_units integer[] NOT NULL DEFAULT '{}',
    reported_people integer[] NOT NULL DEFAULT '{}',
    received_at timestamptz NOT NULL,
    filed_by integer,
    -- The most urgent running promise (verify or answer): what the queue is ordered by.
    next_due_at timestamptz,
    last_sign_at timestamptz NOT NULL,
    answered_at timestamptz,
    ended_at timestamptz,
    episode integer NOT NULL DEFAULT 0,
    level smallint NOT NULL DEFAULT 0,
    requested_days integer,
    merged_into bigint,
    split_from bigint,
    policy_version integer NOT NULL,
    calendar_version integer NOT NULL,
    key_id smallint NOT NULL,
    seq integer NOT NULL,
    version integer NOT NULL,
    chain_seed bytea NOT NULL,
    chain_head bytea NOT NULL,
    last_event_at timestamptz NOT NULL,
    -- The last deed of a person, with the values it replaced, for undo within 10 s.
    last_act text,
    PRIMARY KEY (office_id, id),
    UNIQUE (office_id, number),
    FOREIGN KEY (office_id, merged_into) REFERENCES ticket (office_id, id)
) WITH (fillfactor = 85);

CREATE INDEX ticket_queue ON ticket (office_id, next_due_at, id)
WHERE status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered');
CREATE INDEX ticket_queue_unit ON ticket (office_id, unit_id, next_due_at, id)
WHERE status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered');
CREATE INDEX ticket_assignee ON ticket (office_id, assignee_id, next_due_at, id)
WHERE assignee_id IS NOT NULL AND status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered');
CREATE INDEX ticket_received ON ticket (office_id, received_at DESC, id DESC);
CREATE INDEX ticket_ended ON ticket (office_id, ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE ticket_event (
    office_id integer NOT NULL,
    ticket_id bigint NOT NULL,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    type text NOT NULL,
    actor text NOT NULL,
    person_id integer,
    -- JSON as the bytes that were hashed: jsonb would rewrite numbers (D10).
    body text NOT NULL,
    content_digest bytea,
    hash bytea NOT NULL,
    released_at timestamptz NOT NULL,
    undone_by integer,
    PRIMARY KEY (office_id, ticket_id, seq),
    FOREIGN KEY (office_id, ticket_id) REFERENCES ticket
);
CREATE INDEX ticket_event_time ON ticket_event (office_id, at);

-- Erasable content. Each row keeps its salt and digest when its words are erased, so that the chain stays whole.
CREATE TABLE complaint_text (
    office_id integer NOT NULL,
    ticket_id bigint NOT NULL,
    subject text NOT NULL,
    description text NOT NULL,
    location text,
    occurred_on text,
    reported text,
    salt bytea NOT NULL,
    digest bytea NOT NULL,
    erased_at timestamptz,
    search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('indonesian', subject), 'A') || setweight(to_tsvector('simple', subject), 'A')
        || setweight(to_tsvector('indonesian', description), 'B') || setweight(to_tsvector('simple', description), 'C')
    ) STORED,
    PRIMARY KEY (office_id, ticket_id),
    FOREIGN KEY (office_id, ticket_id) REFERENCES ticket
);
CREATE INDEX complaint_text_search ON complaint_text USING gin (search) WITH (fastupdate = on);

CREATE TABLE reporter (
    office_id integer NOT NULL,
    ticket_id bigint NOT NULL,
    name text,
    phone text,
    email text,
    whatsapp text,
    phone_key bytea,
    email_key bytea,
    -- The WhatsApp chat the officer's words go back to.
    chat_id bigint,
    salt bytea NOT NULL,
    digest bytea NOT NULL,
    erased_at timestamptz,
    PRIMARY KEY (office_id, ticket_id),
    FOREIGN KEY (office_id, ticket_id) REFERENCES ticket
);
CREATE INDEX reporter_phone ON reporter (office_id, phone_key) WHERE phone_key IS NOT NULL;
CREATE INDEX reporter_email ON reporter (office_id, email_key) WHERE email_key IS NOT NULL;

CREATE TABLE message (
    office_id integer NOT NULL,
    ticket_id bigint NOT NULL,
    seq integer NOT NULL,
    sender text NOT NULL CHECK (sender IN ('reporter', 'office', 'note')),
    person_id integer,
    at timestamptz NOT NULL,
    released_at timestamptz NOT NULL,
    text text NOT NULL,
    salt bytea NOT NULL,
    digest bytea NOT NULL,
    erased_at timestamptz,
    PRIMARY KEY (office_id, ticket_id, seq),
    FOREIGN KEY (office_id, ticket_id) REFERENCES ticket
);

-- Same key, same body: the first answer again (D6). Holds keyed hashes and numbers only, so it needs no row-level security.
CREATE TABLE idempotency_key (
    office_id integer NOT NULL,
    key_hash bytea NOT NULL,
    body_hash bytea NOT NULL,
    ticket_id bigint,
    result text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (office_id, key_hash)
);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);

-- migrate: rollback
DROP TABLE idempotency_key;
DROP TABLE message;
DROP TABLE reporter;
DROP TABLE complaint_text;
DROP TABLE ticket_event;
DROP TABLE ticket;
