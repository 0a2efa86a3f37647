-- The office as rows: units, catalogue, calendar, policies, ladder, routing rules
-- depends: 0001_clock

-- migrate: apply
CREATE TABLE office (
    id integer PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9-]{1,60}$'),
    name text NOT NULL,
    number_prefix text NOT NULL CHECK (number_prefix ~ '^[A-Z]{1,6}$'),
    time_zone text NOT NULL,
    address text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    key_id smallint NOT NULL DEFAULT 1,
    config_version bigint NOT NULL DEFAULT 1
);

CREATE TABLE unit (
    office_id integer NOT NULL REFERENCES office,
    id integer NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('directorate', 'regional', 'office', 'section', 'triage')),
    parent_id integer,
    PRIMARY KEY (office_id, id),
    UNIQUE (office_id, slug),
    FOREIGN KEY (office_id, parent_id) REFERENCES unit
);

CREATE TABLE service (
    office_id integer NOT NULL REFERENCES office,
    slug text NOT NULL,
    name_id text NOT NULL,
    name_en text NOT NULL,
    position smallint NOT NULL,
    active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (office_id, slug)
);

CREATE TABLE category (
    office_id integer NOT NULL REFERENCES office,
    slug text NOT NULL,
    name_id text NOT NULL,
    name_en text NOT NULL,
    oversight boolean NOT NULL DEFAULT false,
    position smallint NOT NULL,
    active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (office_id, slug)
);

-- One row a version; documents as API.md names them (CAL). Rows are never changed, only added.
CREATE TABLE calendar (
    office_id integer NOT NULL REFERENCES office,
    version integer NOT NULL,
    document text NOT NULL,
    confirmed_through date NOT NULL,
    created_at timestamptz NOT NULL DEFAULT office_now(),
    created_by integer,
    PRIMARY KEY (office_id, version)
);

-- Targets of a policy version, in the order in which they are tried: the first row that matches a ticket gives its target.
CREATE TABLE policy (
    office_id integer NOT NULL REFERENCES office,
    version integer NOT NULL,
    effective_from timestamptz NOT NULL,
    legal_source text NOT NULL,
    confirmed_by text,
    confirmed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT office_now(),
    PRIMARY KEY (office_id, version),
    UNIQUE (office_id, effective_from)
);

CREATE TABLE policy_target (
    office_id integer NOT NULL,
    policy_version integer NOT NULL,
    target text NOT NULL CHECK (target IN ('verify', 'answer', 'sign', 'reporter', 'closing')),
    position smallint NOT NULL,
    kind text,
    category text,
    priority text,
    simple boolean,
    oversight boolean,
    amount integer NOT NULL CHECK (amount BETWEEN 1 AND 600000),
    measure text NOT NULL CHECK (measure IN ('working_days', 'working_minutes', 'calendar_days')),
    PRIMARY KEY (office_id, policy_version, target, position),
    FOREIGN KEY (office_id, policy_version) REFERENCES policy
);

-- The escalation ladder: anchor 'due' and 'start' count offset_days working days (negative: before); 'half' is half of the working time of the target;
-- 'previous' counts from the firing before it (repeats).
CREATE TABLE rung (
    office_id integer NOT NULL,
    policy_version integer NOT NULL,
    target text NOT NULL CHECK (target IN ('verify', 'answer', 'sign', 'reporter', 'closing')),
    position smallint NOT NULL,
    key text NOT NULL,
    anchor text NOT NULL CHECK (anchor IN ('start', 'due', 'half', 'previous')),
    offset_days integer NOT NULL DEFAULT 0,
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 9),
    act text NOT NULL CHECK (act IN ('notify', 'remind_reporter', 'lapse', 'close')),
    receivers text[] NOT NULL DEFAULT '{}',
    otherwise text[] NOT NULL DEFAULT '{}',
    repeats boolean NOT NULL DEFAULT false,
    roll_up boolean NOT NULL DEFAULT false,
    PRIMARY KEY (office_id, policy_version, target, position),
    UNIQUE (office_id, policy_version, key),
    FOREIGN KEY (office_id, policy_version) REFERENCES policy
);

CREATE TABLE routing_rule (
    office_id integer NOT NULL REFERENCES office,
    id integer NOT NULL,
    position integer NOT NULL,
    name text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    channels text[],
    kinds text[],
    categories text[],
    services text[],
    words text[],
    between_from time,
    between_to time,
    set_unit_id integer,
    set_priority text CHECK (set_priority IN ('low', 'normal', 'high', 'urgent')),
    set_assignee text NOT NULL DEFAULT 'none' CHECK (set_assignee IN ('none', 'least_open')),
    PRIMARY KEY (office_id, id),
    FOREIGN KEY (office_id, set_unit_id) REFERENCES unit
);

CREATE TABLE synonym (
    office_id integer NOT NULL REFERENCES office,
    word text NOT NULL,
    stands_for text NOT NULL,
    PRIMARY KEY (office_id, word)
);

-- migrate: rollback
DROP TABLE synonym;
DROP TABLE routing_rule;
DROP TABLE rung;
DROP TABLE policy_target;
DROP TABLE policy;
DROP TABLE calendar;
DROP TABLE category;
DROP TABLE service;
DROP TABLE unit;
DROP TABLE office;
