-- Who is away, who stands in, and who is on duty.

-- name: absences(office_id, starts, ends)
-- Absences that are not revoked and touch a time, the earliest first.
SELECT id, person_id, starts_at, ends_at, stand_in_id
FROM absence
WHERE office_id = :office_id AND revoked_at IS NULL AND ends_at > :starts AND starts_at < :ends
ORDER BY starts_at, id;

-- name: duties(office_id, starts, ends)
SELECT id, person_id, unit_id, starts_at, ends_at
FROM duty
WHERE office_id = :office_id AND revoked_at IS NULL AND ends_at > :starts AND starts_at < :ends
ORDER BY starts_at, id;

-- name: absence(office_id, absence_id)^
SELECT id, person_id, starts_at, ends_at, stand_in_id
FROM absence
WHERE office_id = :office_id AND id = :absence_id AND revoked_at IS NULL;

-- name: duty(office_id, duty_id)^
SELECT id, person_id, unit_id, starts_at, ends_at
FROM duty
WHERE office_id = :office_id AND id = :duty_id AND revoked_at IS NULL;

-- name: lock_plan(office_id)
-- Two who plan at the same time come one after the other: overlaps are looked for before a row is added.
SELECT pg_advisory_xact_lock(19, :office_id);

-- name: add_absence(office_id, person_id, starts_at, ends_at, stand_in_id)$
INSERT INTO absence (office_id, person_id, starts_at, ends_at, stand_in_id)
VALUES (:office_id, :person_id, :starts_at, :ends_at, :stand_in_id)
RETURNING id;

-- name: add_duty(office_id, person_id, unit_id, starts_at, ends_at)$
INSERT INTO duty (office_id, person_id, unit_id, starts_at, ends_at)
VALUES (:office_id, :person_id, :unit_id, :starts_at, :ends_at)
RETURNING id;

-- name: revoke_absence(office_id, absence_id)$
UPDATE absence SET revoked_at = office_now()
WHERE office_id = :office_id AND id = :absence_id AND revoked_at IS NULL
RETURNING id;

-- name: revoke_duty(office_id, duty_id)$
UPDATE duty SET revoked_at = office_now()
WHERE office_id = :office_id AND id = :duty_id AND revoked_at IS NULL
RETURNING id;
