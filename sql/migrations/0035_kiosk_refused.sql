-- What a kiosk kept without a line and this service could not take: which, when and why, for somebody who looks after it
-- depends: 0034_held_index

-- migrate: apply
-- Nothing of what the person wrote: it stays sealed on the device. Office time, as people read it.
CREATE TABLE kiosk_refused (
    office_id integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    device_id integer NOT NULL,
    client_id uuid NOT NULL,
    reason text NOT NULL CHECK (reason IN ('sealed', 'unreadable', 'incomplete')),
    fields text NOT NULL DEFAULT '' CHECK (length(fields) <= 200),
    refused_at timestamptz NOT NULL DEFAULT office_now(),
    done_at timestamptz,
    done_by integer,
    PRIMARY KEY (office_id, id),
    UNIQUE (office_id, device_id, client_id),
    FOREIGN KEY (office_id, device_id) REFERENCES device,
    FOREIGN KEY (office_id, done_by) REFERENCES person,
    CHECK ((done_at IS NULL) = (done_by IS NULL))
);

-- migrate: rollback
DROP TABLE kiosk_refused;
