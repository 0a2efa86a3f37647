-- name: lock_seed()!
-- One seeding at a time; ends with the transaction.
SELECT pg_advisory_xact_lock(hashtext('complaints demo seed'));

-- name: office_exists()$
SELECT exists(SELECT 1 FROM office);

-- name: ticket_count()$
SELECT count(*) FROM ticket;

-- name: begin_office_time(at)!
-- COMPLAINTS_DEV_NOW: where office time begins, only while it has never been moved (D12).
UPDATE clock_shift SET shift = :at - clock_timestamp(), moved_at = clock_timestamp()
WHERE shift = '0' AND NOT exists(SELECT 1 FROM clock_move);

-- name: add_office(id, slug, name, number_prefix, time_zone, address, phone)!
INSERT INTO office (id, slug, name, number_prefix, time_zone, address, phone)
VALUES (:id, :slug, :name, :number_prefix, :time_zone, :address, :phone);

-- name: add_units(office_id, rows)!
INSERT INTO unit (office_id, id, slug, name, kind, parent_id)
SELECT :office_id, r.id, r.slug, r.name, r.kind, r.parent_id
FROM jsonb_to_recordset(:rows) AS r (id integer, slug text, name text, kind text, parent_id integer);

-- name: add_services(office_id, rows)!
INSERT INTO service (office_id, slug, name_id, name_en, position)
SELECT :office_id, r.slug, r.name_id, r.name_en, r.position
FROM jsonb_to_recordset(:rows) AS r (slug text, name_id text, name_en text, position smallint);

-- name: add_categories(office_id, rows)!
INSERT INTO category (office_id, slug, name_id, name_en, oversight, position)
SELECT :office_id, r.slug, r.name_id, r.name_en, r.oversight, r.position
FROM jsonb_to_recordset(:rows) AS r (slug text, name_id text, name_en text, oversight boolean, position smallint);

-- name: add_calendar(office_id, document, confirmed_through)!
INSERT INTO calendar (office_id, version, document, confirmed_through) VALUES (:office_id, 1, :document, :confirmed_through);

-- name: add_policy(office_id, effective_from, legal_source)!
INSERT INTO policy (office_id, version, effective_from, legal_source) VALUES (:office_id, 1, :effective_from, :legal_source);

-- name: add_policy_targets(office_id, rows)!
INSERT INTO policy_target (office_id, policy_version, target, position, kind, category, priority, simple, oversight, amount, measure)
SELECT :office_id, 1, r.target, r.position, r.kind, r.category, r.priority, r.simple, r.oversight, r.amount, r.measure
FROM jsonb_to_recordset(:rows) AS r (target text, position smallint, kind text, category text, priority text, simple boolean,
                                     oversight boolean, amount integer, measure text);

-- name: add_policy_pauses(office_id, rows)!
INSERT INTO policy_pause (office_id, policy_version, status, target, limit_amount, limit_measure)
SELECT :office_id, 1, r.status, r.target, r.limit_amount, r.limit_measure
FROM jsonb_to_recordset(:rows) AS r (status text, target text, limit_amount integer, limit_measure text);

-- name: add_rungs(office_id, rows)!
INSERT INTO rung (
    office_id, policy_version, target, position, key, anchor, offset_amount, offset_measure, level, act, receivers, otherwise, repeats,
    roll_up, ways, raise_priority, unassigns, note
)
SELECT
    :office_id, 1, r.target, r.position, r.key, r.anchor, r.offset_amount, r.offset_measure, r.level, r.act,
    ARRAY(SELECT jsonb_array_elements_text(r.receivers)), ARRAY(SELECT jsonb_array_elements_text(r.otherwise)), r.repeats, r.roll_up,
    ARRAY(SELECT jsonb_array_elements_text(r.ways)), r.raise_priority, r.unassigns, r.note
FROM jsonb_to_recordset(:rows) AS r (target text, position smallint, key text, anchor text, offset_amount integer, offset_measure text,
                                     level smallint, act text, receivers jsonb, otherwise jsonb, repeats boolean, roll_up boolean,
                                     ways jsonb, raise_priority text, unassigns boolean, note text);

-- name: add_rules(office_id, rows)!
INSERT INTO routing_rule (office_id, id, position, name, categories, services, words, set_unit_id, set_priority, set_assignee)
SELECT
    :office_id, r.position, r.position, r.name,
    CASE WHEN r.categories IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(r.categories)) END,
    CASE WHEN r.services IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(r.services)) END,
    CASE WHEN r.words IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(r.words)) END,
    u.id, r.set_priority, r.set_assignee
FROM jsonb_to_recordset(:rows) AS r (position integer, name text, categories jsonb, services jsonb, words jsonb, set_unit text,
                                     set_priority text, set_assignee text)
INNER JOIN unit AS u ON u.office_id = :office_id AND u.slug = r.set_unit;

-- name: add_synonyms(office_id, rows)!
INSERT INTO synonym (office_id, word, stands_for)
SELECT :office_id, s.key, s.value FROM jsonb_each_text(:rows) AS s;

-- name: add_answers(office_id, rows)!
INSERT INTO guidance (office_id, kind, services, title_id, text_id, title_en, text_en)
SELECT :office_id, 'answer', r.services, r.title_id, r.text_id, r.title_en, r.text_en
FROM jsonb_to_recordset(:rows) AS r (services text[], title_id text, text_id text, title_en text, text_en text);

-- name: add_people(office_id, rows)!
-- Also people who are there already get the password that is shown for them (the file of passwords was lost).
INSERT INTO person (office_id, id, username, name, email, role, unit_id, sees_confidential, password_hash)
SELECT :office_id, r.position, r.username, r.name, r.email, r.role, u.id, r.sees_confidential, r.password_hash
FROM jsonb_to_recordset(:rows) AS r (position integer, username text, name text, email text, role text, unit text,
                                     sees_confidential boolean, password_hash text)
INNER JOIN unit AS u ON u.office_id = :office_id AND u.slug = r.unit
ON CONFLICT (office_id, username) DO UPDATE SET password_hash = excluded.password_hash;

-- name: add_person_units(office_id, rows)!
INSERT INTO person_unit (office_id, person_id, unit_id, leads)
SELECT :office_id, p.id, u.id, r.leads
FROM jsonb_to_recordset(:rows) AS r (username text, unit text, leads boolean)
INNER JOIN person AS p ON p.office_id = :office_id AND p.username = r.username
INNER JOIN unit AS u ON u.office_id = :office_id AND u.slug = r.unit
ON CONFLICT DO NOTHING;

-- name: people_exist()$
SELECT exists(SELECT 1 FROM person);

-- name: may_copy()$
-- COPY is refused under row-level security, and each row's foreign keys would be looked up one by one: both need the superuser.
SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user;

-- name: trust_rows()!
-- Rows that come whole and consistent need no look-ups of foreign keys. Ends with the transaction.
SET LOCAL session_replication_role = 'replica';

-- name: new_ticket_ids(office_id, many)
-- From the sequence that filings take theirs from, so that the service may go on filing meanwhile.
SELECT nextval(format('ticket_number_%s', :office_id::integer)::regclass) AS id FROM generate_series(1, :many::integer);

-- name: analyze()!
-- The planner learns at once of many new rows.
ANALYZE ticket, ticket_event, complaint_text, reporter, message, deadline, sla_timer, rating;
