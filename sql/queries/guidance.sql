-- Incidents and short answers that are shown before somebody files.

-- name: all_guidance(office_id, since)
-- Everything with how many people it has helped since a day, the latest change first.
SELECT
    g.id, g.kind, g.services, g.title_id, g.text_id, g.title_en, g.text_en, g.shows_from, g.shows_until, g.active, g.version,
    g.changed_at, g.changed_by, coalesce(h.people, 0) AS helped
FROM guidance AS g
LEFT JOIN LATERAL (
    SELECT sum(d.people)::integer AS people FROM guidance_helped AS d
    WHERE d.office_id = g.office_id AND d.guidance_id = g.id AND d.day >= :since
) AS h ON true
WHERE g.office_id = :office_id
ORDER BY g.active DESC, g.changed_at DESC, g.id DESC;

-- name: add_guidance(office_id, kind, services, title_id, text_id, title_en, text_en, shows_from, shows_until, person_id)$
-- Returns the id.
INSERT INTO guidance (office_id, kind, services, title_id, text_id, title_en, text_en, shows_from, shows_until, changed_by)
VALUES (:office_id, :kind, :services::text[], :title_id, :text_id, :title_en, :text_en, :shows_from, :shows_until, :person_id)
RETURNING id;

-- name: change_guidance(office_id, id, version, services, title_id, text_id, title_en, text_en, shows_from, shows_until, active, person_id)$
-- Changes the version that was read; NULL when somebody else was faster.
UPDATE guidance
SET services = :services::text[], title_id = :title_id, text_id = :text_id, title_en = :title_en, text_en = :text_en,
    shows_from = :shows_from, shows_until = :shows_until, active = :active, version = version + 1,
    changed_at = office_now(), changed_by = :person_id
WHERE office_id = :office_id AND id = :id AND version = :version
RETURNING version;

-- name: guidance_of(office_id, id)^
SELECT id, kind, services, title_id, text_id, title_en, text_en, shows_from, shows_until, active, version
FROM guidance
WHERE office_id = :office_id AND id = :id;

-- name: count_helped(office_id, guidance_id, day)!
INSERT INTO guidance_helped AS h (office_id, guidance_id, day, people)
VALUES (:office_id, :guidance_id, :day, 1)
ON CONFLICT (office_id, guidance_id, day) DO UPDATE SET people = h.people + 1;
