-- How the office shows itself: name, contact, colours, logo and a few texts, changed by an administrator
-- depends: 0035_kiosk_refused

-- migrate: apply
-- Beside name, address and telephone, which stand in their columns: what office/look.py reads, with the version of all of them.
ALTER TABLE office ADD COLUMN look jsonb NOT NULL DEFAULT '{}';

-- Every logo there has been, encoded by ourselves; pages name it by the digest of its bytes.
CREATE TABLE office_logo (
    office_id integer NOT NULL REFERENCES office,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{32}$'),
    content bytea NOT NULL CHECK (octet_length(content) <= 200000),
    added_at timestamptz NOT NULL DEFAULT office_now(),
    PRIMARY KEY (office_id, digest)
);

-- A wider one takes its place at once.
-- squawk-ignore ban-drop-constraint
ALTER TABLE office_event DROP CONSTRAINT office_event_what_check;
ALTER TABLE office_event ADD CONSTRAINT office_event_what_check
CHECK (what = ANY ('{calendar,policy,absence,duty,ways,guidance,look}'::text[])) NOT VALID;

-- migrate: rollback
DELETE FROM office_event WHERE what = 'look';
ALTER TABLE office_event DROP CONSTRAINT office_event_what_check;
ALTER TABLE office_event ADD CONSTRAINT office_event_what_check
CHECK (what = ANY ('{calendar,policy,absence,duty,ways,guidance}'::text[])) NOT VALID;
DROP TABLE office_logo;
ALTER TABLE office DROP COLUMN look;
