-- Changes to the calendar that an administrator collects until they are published
-- depends: 0022_sending_hold

-- migrate: apply
-- One draft a person: the version it began from, and the whole calendar (JSON text) as it would be.
CREATE TABLE calendar_draft (
    office_id integer NOT NULL,
    person_id integer NOT NULL,
    base_version integer NOT NULL,
    document text NOT NULL,
    confirmed_through date NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT office_now(),
    PRIMARY KEY (office_id, person_id),
    FOREIGN KEY (office_id, person_id) REFERENCES person,
    FOREIGN KEY (office_id, base_version) REFERENCES calendar
);

-- migrate: rollback
DROP TABLE calendar_draft;
