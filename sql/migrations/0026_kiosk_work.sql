-- Kiosks: enrolled by a code, calls for help, and receipts given without a line
-- depends: 0025_guidance

-- migrate: apply
-- A code that a person types once on the device's screen (machine time); the size of a millimetre on that screen, in CSS pixels.
ALTER TABLE device ADD COLUMN code_hash bytea;
ALTER TABLE device ADD COLUMN code_until timestamptz;
ALTER TABLE device ADD COLUMN px_per_mm real CHECK (px_per_mm BETWEEN 1 AND 20);
-- squawk-ignore-file require-concurrent-index-creation
-- A handful of devices: the index is built in no time.
CREATE UNIQUE INDEX device_code ON device (code_hash) WHERE code_hash IS NOT NULL;

-- What a kiosk printed while it had no line; /lacak exchanges it for the number. Only a keyed hash of receipt and code together.
CREATE TABLE kiosk_receipt (
    office_id integer NOT NULL REFERENCES office,
    digest bytea NOT NULL,
    ticket_id bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (office_id, digest)
);

-- Somebody at a kiosk asks for a member of staff. Office time, as people read it.
CREATE TABLE kiosk_call (
    office_id integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    device_id integer NOT NULL,
    called_at timestamptz NOT NULL DEFAULT office_now(),
    answered_at timestamptz,
    answered_by integer,
    PRIMARY KEY (office_id, id),
    FOREIGN KEY (office_id, device_id) REFERENCES device,
    FOREIGN KEY (office_id, answered_by) REFERENCES person,
    CHECK ((answered_at IS NULL) = (answered_by IS NULL))
);
-- A device calls once until somebody has answered; the desk looks only at these.
CREATE UNIQUE INDEX kiosk_call_open ON kiosk_call (office_id, device_id) WHERE answered_at IS NULL;

-- migrate: rollback
DROP TABLE kiosk_call;
DROP TABLE kiosk_receipt;
DROP INDEX device_code;
ALTER TABLE device DROP COLUMN px_per_mm;
ALTER TABLE device DROP COLUMN code_until;
ALTER TABLE device DROP COLUMN code_hash;
