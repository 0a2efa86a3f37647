-- Versions of the office's calendar, and the draft of the one who is changing it.

-- name: calendar_versions(office_id)
-- Every version, the newest first.
SELECT version, document, confirmed_through, created_at, created_by, why, applies_to_open
FROM calendar
WHERE office_id = :office_id
ORDER BY version DESC;

-- name: calendar_version(office_id, version)^
SELECT version, document, confirmed_through, created_at, created_by, why, applies_to_open
FROM calendar
WHERE office_id = :office_id AND version = :version;

-- name: latest_calendar(office_id)^
SELECT version, document, confirmed_through, created_at, created_by, why, applies_to_open
FROM calendar
WHERE office_id = :office_id
ORDER BY version DESC
LIMIT 1;

-- name: add_calendar(office_id, version, document, confirmed_through, created_by, why, applies_to_open)^
-- The next version; no row when somebody else published one since the version before it (the primary key stops a race).
INSERT INTO calendar (office_id, version, document, confirmed_through, created_by, why, applies_to_open)
SELECT :office_id, :version::integer, :document, :confirmed_through, :created_by, :why, :applies_to_open
WHERE :version::integer = (SELECT max(c.version) + 1 FROM calendar AS c WHERE c.office_id = :office_id)
RETURNING version, document, confirmed_through, created_at, created_by, why, applies_to_open;

-- name: set_office_zone(office_id, time_zone)!
-- What people read is in the zone of the calendar.
UPDATE office SET time_zone = :time_zone WHERE id = :office_id AND time_zone <> :time_zone;

-- name: lock_draft(person_id)!
-- Two clicks at once change one draft after the other, also the first two, which find no row to lock.
SELECT pg_advisory_xact_lock(hashtext('complaints calendar draft'), :person_id);

-- name: draft(office_id, person_id)^
SELECT base_version, document, confirmed_through, changed_at
FROM calendar_draft
WHERE office_id = :office_id AND person_id = :person_id
FOR UPDATE;

-- name: save_draft(office_id, person_id, base_version, document, confirmed_through)!
INSERT INTO calendar_draft (office_id, person_id, base_version, document, confirmed_through)
VALUES (:office_id, :person_id, :base_version, :document, :confirmed_through)
ON CONFLICT (office_id, person_id) DO UPDATE
SET base_version = excluded.base_version,
    document = excluded.document,
    confirmed_through = excluded.confirmed_through,
    changed_at = office_now();

-- name: drop_draft(office_id, person_id)!
DELETE FROM calendar_draft WHERE office_id = :office_id AND person_id = :person_id;
