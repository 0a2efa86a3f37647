-- Playing a policy or calendar over the real history. Everything here only reads, in one snapshot of the database.

-- name: begin_run(office_id)^
-- The moment up to which the clocks are played, the snapshot that the run's processes share, and whether this office's run is the only
-- one: the lock lasts as long as the transaction.
SELECT
    office_now() AS until,
    pg_try_advisory_xact_lock(727104, :office_id::integer) AS alone,
    pg_export_snapshot() AS snapshot;

-- name: ticket_ids(office_id, units, own_units, person_id, received_from, received_before, most)
-- Tickets received in the time, in the viewer's sight (D7), the oldest first.
SELECT k.id
FROM ticket AS k
WHERE k.office_id = :office_id
    AND k.received_at >= :received_from::timestamptz AND k.received_at < :received_before::timestamptz
    AND k.unit_id = ANY (:units::integer[])
    AND NOT k.reported_units && :own_units::integer[]
    AND NOT :person_id::integer = ANY (k.reported_people)
ORDER BY k.received_at, k.id
LIMIT :most::integer;

-- name: histories(office_id, ids)
-- Each ticket with its log and its deadlines as one JSON text of lists (`simulation_history`), put together as text: the functions that
-- build JSON look up the type of every argument anew, which made up half of a run's work in the database. The transaction writes times
-- in ISO and UTC (`simulation_process`), and RFC 3339 wants their minutes too. Steps that were taken back are left out with the taking
-- back; so is what no clock looks at. Of a note only whether it was one of substance (20 characters; erased: it counts).
SELECT concat(
    '[', json_build_array(
        k.id, k.kind, k.channel, k.privacy, k.category, k.service, k.priority, k.simple, k.oversight, k.unit_id, k.assignee_id,
        k.reported_units, k.reported_people, k.received_at, k.split_from, k.policy_version, k.calendar_version
    ),
    ',[', (
        SELECT string_agg(
            concat(
                '[', e.seq, ',"', e.at, ':00","', e.type, '",', coalesce(e.person_id::text, 'null'), ',', e.body,
                CASE WHEN e.type = 'noted' THEN (
                    SELECT
                        CASE WHEN m.erased_at IS NOT NULL OR char_length(btrim(m.text)) >= 20 THEN ',true' ELSE ',false' END
                    FROM message AS m
                    WHERE m.office_id = e.office_id AND m.ticket_id = e.ticket_id AND m.seq = e.seq
                ) END, ']'
            ), ',' ORDER BY e.seq
        )
        FROM ticket_event AS e
        WHERE e.office_id = k.office_id AND e.ticket_id = k.id AND e.undone_by IS NULL
            AND NOT e.type = ANY ('{undone,rated,time_requested,time_refused,deadlines_moved,pause_ended}'::text[])
    ),
    '],[', (
        SELECT string_agg(
            concat(
                '["', d.target, '",', d.episode, ',"', d.due_at, ':00",', d.policy_version, ',', d.calendar_version, ',',
                coalesce('"' || d.ended_at::text || ':00"', 'null'), ',', coalesce('"' || d.outcome || '"', 'null'), ',',
                coalesce('"' || d.paused_at::text || ':00"', 'null'), ']'
            ), ','
        )
        FROM deadline AS d
        WHERE d.office_id = k.office_id AND d.ticket_id = k.id
    ), ']]'
) AS history
FROM ticket AS k
WHERE k.office_id = :office_id AND k.id = ANY (:ids::bigint[]);

-- name: numbers(office_id, units, own_units, person_id, ids)
-- Numbers of tickets for links, as far as the viewer sees them.
SELECT k.id, k.number
FROM ticket AS k
WHERE k.office_id = :office_id AND k.id = ANY (:ids::bigint[])
    AND k.unit_id = ANY (:units::integer[])
    AND NOT k.reported_units && :own_units::integer[]
    AND NOT :person_id::integer = ANY (k.reported_people);

-- name: calendar_draft(office_id, person_id)$
-- The calendar that a person is changing, as JSON text.
SELECT c.document FROM calendar_draft AS c WHERE c.office_id = :office_id AND c.person_id = :person_id;
