-- name: add_device(office_id, name, token_hash, code_hash, code_minutes)^
INSERT INTO device (office_id, id, name, token_hash, code_hash, code_until)
SELECT
    :office_id, coalesce(max(id), 0) + 1, :name, :token_hash, :code_hash::bytea,
    clock_timestamp() + make_interval(mins => :code_minutes)
FROM device WHERE office_id = :office_id
RETURNING office_id, id, name, created_at, revoked_at, seen_at, px_per_mm;

-- name: renew_code(office_id, id, code_hash, code_minutes)^
-- The token it has works on until the new code is used.
UPDATE device SET code_hash = :code_hash, code_until = clock_timestamp() + make_interval(mins => :code_minutes)
WHERE office_id = :office_id AND id = :id AND revoked_at IS NULL
RETURNING office_id, id, name, created_at, revoked_at, seen_at, px_per_mm;

-- name: enrol(code_hash, token_hash)^
-- One conditional update: of two devices that type the same code one gets the token.
UPDATE device SET token_hash = :token_hash, code_hash = NULL, code_until = NULL
WHERE code_hash = :code_hash AND code_until > clock_timestamp() AND revoked_at IS NULL
RETURNING office_id, id, name, created_at, revoked_at, seen_at, px_per_mm;

-- name: measure(office_id, id, px_per_mm)!
UPDATE device SET px_per_mm = :px_per_mm::double precision WHERE office_id = :office_id AND id = :id;

-- name: revoke_device(office_id, id)^
-- Revoking twice keeps the first time.
UPDATE device SET revoked_at = coalesce(revoked_at, clock_timestamp()), code_hash = NULL, code_until = NULL
WHERE office_id = :office_id AND id = :id
RETURNING office_id, id, name, created_at, revoked_at, seen_at, px_per_mm;

-- name: devices(office_id)
SELECT office_id, id, name, created_at, revoked_at, seen_at, px_per_mm FROM device WHERE office_id = :office_id ORDER BY id;

-- name: device_of(token_hash)^
-- Whose token it is; seen_at moves at most each minute.
WITH live AS (
    SELECT office_id, id, name, created_at, revoked_at, seen_at, px_per_mm FROM device
    WHERE token_hash = :token_hash AND revoked_at IS NULL
), touched AS (
    UPDATE device AS d SET seen_at = clock_timestamp()
    FROM live WHERE d.office_id = live.office_id AND d.id = live.id
        AND (live.seen_at IS NULL OR live.seen_at < clock_timestamp() - interval '1 minute')
)
SELECT office_id, id, name, created_at, revoked_at, seen_at, px_per_mm FROM live;

-- name: raise_alarm(office_id, key, what, details)!
INSERT INTO alarm (office_id, key, what, details) VALUES (:office_id, :key, :what, :details)
ON CONFLICT (office_id, key) WHERE cleared_at IS NULL DO NOTHING;

-- name: keep_receipt(office_id, digest, ticket_id)!
INSERT INTO kiosk_receipt (office_id, digest, ticket_id) VALUES (:office_id, :digest, :ticket_id)
ON CONFLICT DO NOTHING;

-- name: ticket_of_receipt(office_id, digest)$
SELECT ticket_id FROM kiosk_receipt WHERE office_id = :office_id AND digest = :digest;

-- name: slip(office_id, digest, days)^
-- The same, for who has scanned the slip: its square opens the case for so many days (machine time).
SELECT ticket_id, made_at > clock_timestamp() - make_interval(days => :days) AS opens
FROM kiosk_receipt WHERE office_id = :office_id AND digest = :digest;

-- name: call_staff(office_id, device_id)!
-- Pressing again while nobody has come is the same call.
INSERT INTO kiosk_call (office_id, device_id) VALUES (:office_id, :device_id)
ON CONFLICT (office_id, device_id) WHERE answered_at IS NULL DO NOTHING;

-- name: answer_call(office_id, id, person_id)^
-- Who is first goes; the row says who it was.
UPDATE kiosk_call SET answered_at = office_now(), answered_by = :person_id
WHERE office_id = :office_id AND id = :id AND answered_at IS NULL
RETURNING id;

-- name: open_calls(office_id)
SELECT c.id, c.device_id, d.name AS device_name, c.called_at, c.answered_at, c.answered_by
FROM kiosk_call AS c JOIN device AS d ON d.office_id = c.office_id AND d.id = c.device_id
WHERE c.office_id = :office_id AND c.answered_at IS NULL
ORDER BY c.called_at, c.id;

-- name: last_calls(office_id, most)
SELECT c.id, c.device_id, d.name AS device_name, c.called_at, c.answered_at, c.answered_by
FROM kiosk_call AS c JOIN device AS d ON d.office_id = c.office_id AND d.id = c.device_id
WHERE c.office_id = :office_id
ORDER BY c.id DESC LIMIT :most;

-- name: last_call_of(office_id, device_id)^
SELECT c.id, c.device_id, d.name AS device_name, c.called_at, c.answered_at, c.answered_by
FROM kiosk_call AS c JOIN device AS d ON d.office_id = c.office_id AND d.id = c.device_id
WHERE c.office_id = :office_id AND c.device_id = :device_id
ORDER BY c.id DESC LIMIT 1;

-- name: forget_calls(days)!
DELETE FROM kiosk_call WHERE answered_at < office_now() - make_interval(days => :days);

-- name: forget_receipts(days)!
-- Machine time, as they were made.
DELETE FROM kiosk_receipt WHERE made_at < clock_timestamp() - make_interval(days => :days);

-- name: note_refused(office_id, device_id, client_id, reason, fields, most)!
-- Sent again it is the same item; a device has so many at most.
INSERT INTO kiosk_refused (office_id, device_id, client_id, reason, fields)
SELECT :office_id, :device_id, :client_id, :reason, :fields
WHERE :most > (SELECT count(*) FROM kiosk_refused WHERE office_id = :office_id AND device_id = :device_id)
ON CONFLICT (office_id, device_id, client_id) DO NOTHING;

-- name: open_refused(office_id)
SELECT r.id, d.name AS device_name, r.client_id, r.reason, r.fields, r.refused_at
FROM kiosk_refused AS r JOIN device AS d ON d.office_id = r.office_id AND d.id = r.device_id
WHERE r.office_id = :office_id AND r.done_at IS NULL
ORDER BY r.refused_at, r.id;

-- name: refused_done(office_id, id, person_id)!
UPDATE kiosk_refused SET done_at = office_now(), done_by = :person_id
WHERE office_id = :office_id AND id = :id AND done_at IS NULL;

-- name: refused_taken(office_id, device_id, client_id)!
DELETE FROM kiosk_refused WHERE office_id = :office_id AND device_id = :device_id AND client_id = :client_id;

-- name: forget_refused(days)!
DELETE FROM kiosk_refused WHERE done_at < office_now() - make_interval(days => :days);
