-- What the office says before somebody files: known incidents and short answers, and how often they helped
-- depends: 0024_calendar_draft

-- migrate: apply
-- Plain text in two languages; services empty: shown for every service. Days are the office's own, both included.
CREATE TABLE guidance (
    office_id integer NOT NULL REFERENCES office,
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind = ANY ('{incident,answer}'::text[])),
    services text[] NOT NULL DEFAULT '{}',
    title_id text NOT NULL,
    text_id text NOT NULL,
    title_en text NOT NULL DEFAULT '',
    text_en text NOT NULL DEFAULT '',
    shows_from date,
    shows_until date CHECK (shows_until >= shows_from),
    active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT office_now(),
    -- Nobody: it came with the office.
    changed_by integer,
    PRIMARY KEY (office_id, id)
);
CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON guidance
FOR EACH STATEMENT EXECUTE FUNCTION raise_config_version();

-- How many people a text has helped on a day; who they were is nowhere.
CREATE TABLE guidance_helped (
    office_id integer NOT NULL,
    guidance_id bigint NOT NULL,
    day date NOT NULL,
    people integer NOT NULL,
    PRIMARY KEY (office_id, guidance_id, day),
    FOREIGN KEY (office_id, guidance_id) REFERENCES guidance
);

-- A wider one takes its place at once.
-- squawk-ignore ban-drop-constraint
ALTER TABLE office_event DROP CONSTRAINT office_event_what_check;
ALTER TABLE office_event ADD CONSTRAINT office_event_what_check
CHECK (what = ANY ('{calendar,policy,absence,duty,ways,guidance}'::text[])) NOT VALID;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'complaints_app') THEN
        REVOKE DELETE ON guidance, guidance_helped FROM complaints_app;
    END IF;
END $$;

-- migrate: rollback
DROP TABLE guidance_helped;
DROP TABLE guidance;
