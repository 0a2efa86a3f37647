-- Policies, ladder, calendars, absences and duty as settings that an administrator changes; what a change does to open tickets
-- depends: 0018_chain_root

-- migrate: apply
-- From before the first release: checks are made anew in the transaction.
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid, renaming-column, disallowed-unique-constraint
-- squawk-ignore-file require-concurrent-index-creation, adding-not-nullable-field
ALTER TABLE calendar ADD COLUMN why text NOT NULL DEFAULT '';
-- A corrected calendar recomputes open tickets by default (D3); false: it counts for new deadlines only.
ALTER TABLE calendar ADD COLUMN applies_to_open boolean NOT NULL DEFAULT true;

ALTER TABLE policy ADD COLUMN why text NOT NULL DEFAULT '';
ALTER TABLE policy ADD COLUMN created_by integer;
-- The policy is pinned at receipt (D3): open tickets change only when the publisher says so.
ALTER TABLE policy ADD COLUMN applies_to_open boolean NOT NULL DEFAULT false;
-- A version that was taken back before it took effect; its row stays.
ALTER TABLE policy ADD COLUMN withdrawn_at timestamptz;
-- What the answer clock does when a case reopens, and when it goes to another unit or comes back from another agency.
ALTER TABLE policy ADD COLUMN after_reopening text NOT NULL DEFAULT 'restart'
CHECK (after_reopening = ANY ('{restart,continue}'::text[]));
ALTER TABLE policy ADD COLUMN after_transfer text NOT NULL DEFAULT 'continue'
CHECK (after_transfer = ANY ('{restart,continue}'::text[]));
ALTER TABLE policy DROP CONSTRAINT policy_office_id_effective_from_key;
CREATE UNIQUE INDEX policy_effective ON policy (office_id, effective_from) WHERE withdrawn_at IS NULL;

-- 'attend': somebody takes up an urgent case. 'calendar_minutes': hours that do not wait for the office to open.
ALTER TABLE policy_target DROP CONSTRAINT policy_target_target_check, ADD CONSTRAINT policy_target_target_check CHECK (
    target = ANY ('{verify,answer,sign,reporter,closing,attend}'::text[])
);
ALTER TABLE policy_target DROP CONSTRAINT policy_target_measure_check, ADD CONSTRAINT policy_target_measure_check CHECK (
    measure = ANY ('{working_days,working_minutes,calendar_days,calendar_minutes}'::text[])
);

-- Which status stops which clock, and for how long at most: after the limit the clock runs again by itself.
CREATE TABLE policy_pause (
    office_id integer NOT NULL,
    policy_version integer NOT NULL,
    status text NOT NULL CHECK (status = ANY ('{verified,in_progress,waiting_reporter}'::text[])),
    target text NOT NULL CHECK (target = ANY ('{answer}'::text[])),
    limit_amount integer NOT NULL CHECK (limit_amount BETWEEN 1 AND 600000),
    limit_measure text NOT NULL CHECK (limit_measure = ANY ('{working_days,working_minutes,calendar_days,calendar_minutes}'::text[])),
    PRIMARY KEY (office_id, policy_version, status, target),
    FOREIGN KEY (office_id, policy_version) REFERENCES policy
);
INSERT INTO policy_pause (office_id, policy_version, status, target, limit_amount, limit_measure)
SELECT office_id, version, 'waiting_reporter', 'answer', 30, 'calendar_days' FROM policy;

ALTER TABLE rung RENAME COLUMN offset_days TO offset_amount;
ALTER TABLE rung ADD COLUMN offset_measure text NOT NULL DEFAULT 'working_days'
CHECK (offset_measure = ANY ('{working_days,working_minutes,calendar_days,calendar_minutes}'::text[]));
ALTER TABLE rung DROP CONSTRAINT rung_target_check, ADD CONSTRAINT rung_target_check CHECK (
    target = ANY ('{verify,answer,sign,reporter,closing,attend}'::text[])
);
-- Ways out ('email', 'whatsapp'); empty: as each receiver has chosen.
ALTER TABLE rung ADD COLUMN ways text[] NOT NULL DEFAULT '{}' CHECK (ways <@ '{email,whatsapp}'::text[]);
-- What else happens when it fires.
ALTER TABLE rung ADD COLUMN raise_priority text CHECK (raise_priority = ANY ('{normal,high,urgent}'::text[]));
ALTER TABLE rung ADD COLUMN unassigns boolean NOT NULL DEFAULT false;
ALTER TABLE rung ADD COLUMN note text NOT NULL DEFAULT '';

ALTER TABLE deadline DROP CONSTRAINT deadline_target_check, ADD CONSTRAINT deadline_target_check CHECK (
    target = ANY ('{verify,answer,sign,reporter,closing,attend}'::text[])
);
-- From when an urgent target counts where that is later than the start: a case cannot be late at the moment it is marked urgent.
ALTER TABLE deadline ADD COLUMN counted_from timestamptz;
-- The pause has reached its limit: the clock runs although the status would stop it.
ALTER TABLE deadline ADD COLUMN pause_over boolean NOT NULL DEFAULT false;

-- Who is on duty when: whom an urgent case wakes. unit_id null: for the whole office.
CREATE TABLE duty (
    office_id integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    person_id integer NOT NULL,
    unit_id integer,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    revoked_at timestamptz,
    PRIMARY KEY (office_id, id),
    FOREIGN KEY (office_id, person_id) REFERENCES person,
    FOREIGN KEY (office_id, unit_id) REFERENCES unit
);
ALTER TABLE absence ADD COLUMN revoked_at timestamptz;

-- How a person wants to be told; never empty. whatsapp: E.164 digits.
ALTER TABLE person ADD COLUMN ways text[] NOT NULL DEFAULT '{email}'
CHECK (ways <@ '{email,whatsapp}'::text[] AND cardinality(ways) > 0);
ALTER TABLE person ADD COLUMN whatsapp text CHECK (whatsapp ~ '^\+[1-9][0-9]{6,14}$');
ALTER TABLE person ADD CONSTRAINT person_whatsapp_way CHECK (whatsapp IS NOT NULL OR NOT ways && '{whatsapp}'::text[]);

-- Every change of a setting: what, which version or row, who, why, and the document as it was made (JSON text).
CREATE TABLE office_event (
    office_id integer NOT NULL REFERENCES office,
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT office_now(),
    person_id integer NOT NULL,
    what text NOT NULL CHECK (what = ANY ('{calendar,policy,absence,duty,ways}'::text[])),
    subject text NOT NULL,
    why text NOT NULL,
    body text NOT NULL DEFAULT '{}',
    PRIMARY KEY (office_id, id)
);
CREATE INDEX office_event_what ON office_event (office_id, what, id DESC);
CREATE TRIGGER office_event_is_immutable BEFORE UPDATE OR DELETE ON office_event
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A policy in the making: the document of `sla/policy_document.py` as JSON text. May be wrong while somebody works on it.
CREATE TABLE policy_draft (
    office_id integer NOT NULL REFERENCES office,
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    document text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT office_now(),
    changed_by integer NOT NULL,
    PRIMARY KEY (office_id, id)
);

-- The work of bringing open tickets to a new calendar or policy, done in batches: where it stands, so that it goes on after a crash.
CREATE TABLE recompute (
    office_id integer NOT NULL REFERENCES office,
    id bigint GENERATED ALWAYS AS IDENTITY,
    cause text NOT NULL CHECK (cause = ANY ('{calendar,policy}'::text[])),
    version integer NOT NULL,
    state text NOT NULL DEFAULT 'running' CHECK (state = ANY ('{running,done}'::text[])),
    after_ticket_id bigint NOT NULL DEFAULT 0,
    looked_at integer NOT NULL DEFAULT 0,
    moved integer NOT NULL DEFAULT 0,
    moved_later integer NOT NULL DEFAULT 0,
    breached integer NOT NULL DEFAULT 0,
    total integer NOT NULL,
    made_at timestamptz NOT NULL DEFAULT office_now(),
    -- A policy that takes effect later waits until then.
    due_at timestamptz NOT NULL DEFAULT office_now(),
    ended_at timestamptz,
    PRIMARY KEY (office_id, id)
);
CREATE INDEX recompute_running ON recompute (due_at) WHERE state = 'running';

DO $$
DECLARE config text;
BEGIN
    FOREACH config IN ARRAY ARRAY['policy_pause', 'duty'] LOOP
        EXECUTE format('CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT EXECUTE FUNCTION raise_config_version()', config);
    END LOOP;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'complaints_app') THEN
        -- Versions are only added; a policy version can be taken back by its mark.
        REVOKE UPDATE, DELETE ON office_event FROM complaints_app;
        REVOKE DELETE ON policy, policy_target, policy_pause, rung, calendar, absence, duty FROM complaints_app;
    END IF;
END $$;

-- migrate: rollback
DROP TABLE recompute;
DROP TABLE policy_draft;
DROP TABLE office_event;
DROP TABLE duty;
DROP TABLE policy_pause;
