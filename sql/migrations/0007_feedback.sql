-- The loop: ratings and monthly cycles that close into an immutable report
-- depends: 0006_whatsapp

-- migrate: apply
CREATE TABLE rating (
    office_id integer NOT NULL,
    ticket_id bigint NOT NULL,
    episode integer NOT NULL,
    at timestamptz NOT NULL,
    score smallint NOT NULL CHECK (score BETWEEN 1 AND 4),
    elements text NOT NULL DEFAULT '{}',
    event_seq integer NOT NULL,
    PRIMARY KEY (office_id, ticket_id, episode),
    FOREIGN KEY (office_id, ticket_id) REFERENCES ticket
);
CREATE INDEX rating_time ON rating (office_id, at);

CREATE TABLE cycle (
    office_id integer NOT NULL REFERENCES office,
    id integer NOT NULL,
    -- From starts_at (included) to ends_at (excluded); a monthly cycle is one calendar month in the office's zone.
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    monthly boolean NOT NULL,
    closed_at timestamptz NOT NULL,
    closed_by integer,
    report text NOT NULL,
    report_digest bytea NOT NULL,
    PRIMARY KEY (office_id, id)
);
CREATE UNIQUE INDEX cycle_monthly ON cycle (office_id, starts_at) WHERE monthly;

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION '% rows are never changed', tg_table_name USING ERRCODE = 'integrity_constraint_violation'; END $$;

CREATE TRIGGER cycle_is_immutable BEFORE UPDATE OR DELETE ON cycle
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- migrate: rollback
DROP TABLE cycle;
DROP TABLE rating;
DROP FUNCTION refuse_change();
