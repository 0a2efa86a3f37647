-- The survey of any visitor.

-- name: take_turn(device, seconds)$
-- The device answers now and not again before so many seconds are over. NULL: not yet, it has answered before.
INSERT INTO survey_turn AS t (device, ends_at)
VALUES (:device, clock_timestamp() + make_interval(secs => :seconds))
ON CONFLICT (device) DO UPDATE SET ends_at = EXCLUDED.ends_at WHERE t.ends_at <= clock_timestamp()
RETURNING ends_at;

-- name: turn_left(device)$
-- Seconds until the device may answer again; NULL: now.
SELECT ceil(extract(EPOCH FROM ends_at - clock_timestamp()))::integer FROM survey_turn
WHERE device = :device AND ends_at > clock_timestamp();

-- name: add_survey(office_id, form_id, door, service, answers)$
-- Returns the id; NULL when this form was taken before.
INSERT INTO survey (office_id, form_id, door, service, answers)
VALUES (:office_id, :form_id, :door, :service, :answers::smallint[])
ON CONFLICT (office_id, form_id) DO NOTHING
RETURNING id;

-- name: is_taken(office_id, form_id)$
SELECT EXISTS (SELECT 1 FROM survey WHERE office_id = :office_id AND form_id = :form_id);

-- name: forget_turns()!
DELETE FROM survey_turn WHERE ends_at < clock_timestamp();
