-- How the office shows itself.

-- name: change_look(office_id, version, name, address, phone, look)$
-- Only what was read as this version is replaced: of two who save at once the second is told.
UPDATE office SET name = :name, address = :address, phone = :phone, look = :look::jsonb, config_version = config_version + 1
WHERE id = :office_id AND coalesce((look ->> 'version')::integer, 0) = :version
RETURNING config_version;

-- name: keep_logo(office_id, digest, content)!
INSERT INTO office_logo (office_id, digest, content) VALUES (:office_id, :digest, :content) ON CONFLICT DO NOTHING;

-- name: logo(office_id, digest)$
SELECT content FROM office_logo WHERE office_id = :office_id AND digest = :digest;
