-- Policies as settings: published versions (only added, never changed but for their marks) and drafts.

-- name: lock_settings(office_id)$
-- One publication at a time; filing and commands go on meanwhile.
SELECT id FROM office WHERE id = :office_id FOR NO KEY UPDATE;

-- name: office_now()$
SELECT office_now();

-- name: policy_versions(office_id)
-- Every version with who, when and why, the newest first.
SELECT
    version, effective_from, legal_source, confirmed_by, confirmed_at, created_at, created_by, why, applies_to_open, withdrawn_at
FROM policy
WHERE office_id = :office_id
ORDER BY version DESC;

-- name: add_policy(office_id, version, effective_from, legal_source, why, person_id, applies_to_open, after_reopening, after_transfer)!
INSERT INTO policy (
    office_id, version, effective_from, legal_source, why, created_by, applies_to_open, after_reopening, after_transfer
) VALUES (
    :office_id, :version, :effective_from, :legal_source, :why, :person_id, :applies_to_open, :after_reopening, :after_transfer
);

-- name: add_policy_rows(office_id, version, targets, pauses, rungs)!
-- The rows of a new version out of three JSON lists, their columns by name.
WITH
targets AS (
    INSERT INTO policy_target (
        office_id, policy_version, target, position, kind, category, priority, simple, oversight, amount, measure
    )
    SELECT :office_id, :version, t.target, t.position, t.kind, t.category, t.priority, t.simple, t.oversight, t.amount, t.measure
    FROM json_to_recordset(:targets::json) AS t (
        target text, position smallint, kind text, category text, priority text, simple boolean, oversight boolean,
        amount integer, measure text
    )
),

pauses AS (
    INSERT INTO policy_pause (office_id, policy_version, status, target, limit_amount, limit_measure)
    SELECT :office_id, :version, p.status, p.target, p.limit_amount, p.limit_measure
    FROM json_to_recordset(:pauses::json) AS p (status text, target text, limit_amount integer, limit_measure text)
)

INSERT INTO rung (
    office_id, policy_version, target, position, key, anchor, offset_amount, offset_measure, level, act, receivers, otherwise,
    repeats, roll_up, ways, raise_priority, unassigns, note
)
SELECT
    :office_id, :version, r.target, r.position, r.key, r.anchor, r.offset_amount, r.offset_measure, r.level, r.act, r.receivers,
    r.otherwise, r.repeats, r.roll_up, r.ways, r.raise_priority, r.unassigns, r.note
FROM json_to_recordset(:rungs::json) AS r (
    target text, position smallint, key text, anchor text, offset_amount integer, offset_measure text, level smallint, act text,
    receivers text[], otherwise text[], repeats boolean, roll_up boolean, ways text[], raise_priority text, unassigns boolean, note text
);

-- name: withdraw_policy(office_id, version)!
-- Whether it may be taken back is decided by who holds the lock of the settings.
UPDATE policy SET withdrawn_at = office_now()
WHERE office_id = :office_id AND version = :version AND withdrawn_at IS NULL;

-- name: confirm_policy(office_id, version, confirmed_by)$
UPDATE policy SET confirmed_by = :confirmed_by, confirmed_at = office_now()
WHERE office_id = :office_id AND version = :version AND withdrawn_at IS NULL
RETURNING version;

-- name: policy_drafts(office_id)
SELECT id, name, document, version, changed_at, changed_by
FROM policy_draft
WHERE office_id = :office_id
ORDER BY changed_at DESC, id DESC;

-- name: policy_draft(office_id, draft_id)^
SELECT id, name, document, version, changed_at, changed_by
FROM policy_draft
WHERE office_id = :office_id AND id = :draft_id;

-- name: add_policy_draft(office_id, name, document, person_id)$
INSERT INTO policy_draft (office_id, name, document, changed_by)
VALUES (:office_id, :name, :document, :person_id)
RETURNING id;

-- name: save_policy_draft(office_id, draft_id, seen_version, name, document, person_id)$
-- The draft's new version; nothing when somebody else has saved it since ``seen_version`` or it is gone.
UPDATE policy_draft
SET name = :name, document = :document, changed_by = :person_id, changed_at = office_now(), version = version + 1
WHERE office_id = :office_id AND id = :draft_id AND version = :seen_version
RETURNING version;

-- name: end_policy_draft(office_id, draft_id, seen_version)$
DELETE FROM policy_draft
WHERE office_id = :office_id AND id = :draft_id AND version = :seen_version
RETURNING id;
