-- name: add_device(office_id, name, token_hash)^
INSERT INTO device (office_id, id, name, token_hash)
SELECT :office_id, coalesce(max(id), 0) + 1, :name, :token_hash FROM device WHERE office_id = :office_id
RETURNING office_id, id, name, created_at, revoked_at, seen_at;

-- name: revoke_device(office_id, id)^
-- Revoking twice keeps the first time.
UPDATE device SET revoked_at = coalesce(revoked_at, clock_timestamp())
WHERE office_id = :office_id AND id = :id
RETURNING office_id, id, name, created_at, revoked_at, seen_at;

-- name: devices(office_id)
SELECT office_id, id, name, created_at, revoked_at, seen_at FROM device WHERE office_id = :office_id ORDER BY id;

-- name: device_of(token_hash)^
-- Whose token it is; seen_at moves at most each minute.
WITH live AS (
    SELECT office_id, id, name, created_at, revoked_at, seen_at FROM device WHERE token_hash = :token_hash AND revoked_at IS NULL
), touched AS (
    UPDATE device AS d SET seen_at = clock_timestamp()
    FROM live WHERE d.office_id = live.office_id AND d.id = live.id
        AND (live.seen_at IS NULL OR live.seen_at < clock_timestamp() - interval '1 minute')
)
SELECT office_id, id, name, created_at, revoked_at, seen_at FROM live;

-- name: raise_alarm(office_id, key, what, details)!
INSERT INTO alarm (office_id, key, what, details) VALUES (:office_id, :key, :what, :details)
ON CONFLICT (office_id, key) WHERE cleared_at IS NULL DO NOTHING;
