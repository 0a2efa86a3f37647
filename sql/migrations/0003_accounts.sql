-- People, their units and absences, sessions, tokens, devices, the access log
-- depends: 0002_office

-- migrate: apply
CREATE TABLE person (
    office_id integer NOT NULL REFERENCES office,
    id integer NOT NULL,
    username text NOT NULL CHECK (username ~ '^[a-z0-9._-]{2,60}$'),
    name text NOT NULL,
    email text,
    role text NOT NULL CHECK (role IN ('officer', 'supervisor', 'head', 'regional', 'admin')),
    unit_id integer NOT NULL,
    language text NOT NULL DEFAULT 'id' CHECK (language IN ('id', 'en')),
    sees_confidential boolean NOT NULL DEFAULT false,
    password_hash text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (office_id, id),
    UNIQUE (office_id, username),
    FOREIGN KEY (office_id, unit_id) REFERENCES unit
);

-- Units a person works in or leads beside the own one.
CREATE TABLE person_unit (
    office_id integer NOT NULL,
    person_id integer NOT NULL,
    unit_id integer NOT NULL,
    leads boolean NOT NULL DEFAULT false,
    PRIMARY KEY (office_id, person_id, unit_id),
    FOREIGN KEY (office_id, person_id) REFERENCES person,
    FOREIGN KEY (office_id, unit_id) REFERENCES unit
);

CREATE TABLE absence (
    office_id integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    person_id integer NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    stand_in_id integer,
    PRIMARY KEY (office_id, id),
    FOREIGN KEY (office_id, person_id) REFERENCES person,
    FOREIGN KEY (office_id, stand_in_id) REFERENCES person
);

-- Machine time throughout: a move of the development clock signs nobody out.
CREATE TABLE session (
    token_hash bytea PRIMARY KEY,
    office_id integer NOT NULL,
    person_id integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    FOREIGN KEY (office_id, person_id) REFERENCES person
);

CREATE TABLE api_token (
    token_hash bytea PRIMARY KEY,
    office_id integer NOT NULL,
    person_id integer NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz,
    FOREIGN KEY (office_id, person_id) REFERENCES person
);

-- Failures of sign-in are counted here and not in memory: there may be many web processes. Keys are keyed hashes.
CREATE TABLE signin_failure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_key bytea NOT NULL,
    address_key bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX signin_failure_account ON signin_failure (account_key, at);
CREATE INDEX signin_failure_address ON signin_failure (address_key, at);

CREATE TABLE device (
    office_id integer NOT NULL REFERENCES office,
    id integer NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    seen_at timestamptz,
    PRIMARY KEY (office_id, id)
);

-- Every look at personal data (Law 27/2022): who, whose, what, when.
CREATE TABLE access_log (
    office_id integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT office_now(),
    person_id integer NOT NULL,
    ticket_id bigint NOT NULL,
    what text NOT NULL,
    PRIMARY KEY (office_id, id)
);
CREATE INDEX access_log_ticket ON access_log (office_id, ticket_id, at);

-- migrate: rollback
DROP TABLE access_log;
DROP TABLE device;
DROP TABLE signin_failure;
DROP TABLE api_token;
DROP TABLE session;
DROP TABLE absence;
DROP TABLE person_unit;
DROP TABLE person;
