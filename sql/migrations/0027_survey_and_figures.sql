-- The survey of the satisfaction index for any visitor, and the public figures by month
-- depends: 0026_kiosk_work

-- migrate: apply
-- Nine elements (PermenPANRB 14/2017), each 1 to 4; nothing about who answered. The form's own id makes a second sending the same.
CREATE TABLE survey (
    office_id integer NOT NULL REFERENCES office,
    id bigint GENERATED ALWAYS AS IDENTITY,
    form_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT office_now(),
    door text NOT NULL CHECK (door = ANY ('{web,kiosk}'::text[])),
    service text,
    answers smallint[] NOT NULL CHECK (cardinality(answers) = 9 AND 1 <= ALL (answers) AND 4 >= ALL (answers)),
    PRIMARY KEY (office_id, id),
    UNIQUE (office_id, form_id)
);
CREATE INDEX survey_time ON survey (office_id, at);

-- Keyed hashes of devices that have answered, until they may again; machine time.
CREATE TABLE survey_turn (
    device bytea PRIMARY KEY,
    ends_at timestamptz NOT NULL
);
CREATE INDEX survey_turn_ends ON survey_turn (ends_at);

-- Kept by the workers, so that nobody's visit counts tickets: documents of transparency/model.py as JSON text.
CREATE TABLE figure_month (
    office_id integer NOT NULL REFERENCES office,
    month date NOT NULL,
    made_at timestamptz NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (office_id, month)
);

-- A third kind of text: what was improved because people complained.
-- A wider one takes its place at once.
-- squawk-ignore ban-drop-constraint
ALTER TABLE guidance DROP CONSTRAINT guidance_kind_check;
ALTER TABLE guidance ADD CONSTRAINT guidance_kind_check
CHECK (kind = ANY ('{incident,answer,improvement}'::text[])) NOT VALID;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'complaints_app') THEN
        REVOKE UPDATE, DELETE ON survey FROM complaints_app;
        REVOKE DELETE ON figure_month FROM complaints_app;
    END IF;
END $$;

-- migrate: rollback
DROP TABLE figure_month;
DROP TABLE survey_turn;
DROP TABLE survey;
