-- Whose cases were merged into one, and how that one stands: their reporters hear of its outcome
-- depends: 0027_survey_and_figures

-- migrate: apply
-- Merged into a ticket, also by way of another one, and how each reporter can be reached. Row-level security would hide those of units
-- that the actor does not see; the answer concerns them all the same. No words and no names come out of here.
CREATE FUNCTION merged_reporters(in_office integer, in_ticket bigint)
RETURNS TABLE (ticket_id bigint, episode integer, has_email boolean, chat_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH RECURSIVE below AS (
        SELECT k.office_id, k.id, k.episode FROM ticket AS k
        WHERE k.office_id = in_office AND k.merged_into = in_ticket AND k.status = 'merged'
        UNION
        SELECT k.office_id, k.id, k.episode FROM ticket AS k
        INNER JOIN below AS b ON k.office_id = b.office_id AND k.merged_into = b.id
        WHERE k.status = 'merged'
    )
    SELECT b.id, b.episode, r.email IS NOT NULL, r.chat_id
    FROM below AS b
    INNER JOIN reporter AS r ON r.office_id = b.office_id AND r.ticket_id = b.id AND r.erased_at IS NULL
    ORDER BY b.id
$$;

-- The ticket at the end of the chain, for whoever reads a merged one: its status as citizens see it, and the office's last words on it.
CREATE FUNCTION merged_outcome(in_office integer, in_ticket bigint)
RETURNS TABLE (status text, answer text, answered_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH RECURSIVE above AS (
        SELECT k.office_id, k.id, k.merged_into, k.status, k.status_before, k.released_at FROM ticket AS k
        WHERE k.office_id = in_office AND k.id = in_ticket
        UNION
        SELECT k.office_id, k.id, k.merged_into, k.status, k.status_before, k.released_at FROM ticket AS k
        INNER JOIN above AS a ON k.office_id = a.office_id AND k.id = a.merged_into
    )
    SELECT
        CASE WHEN a.released_at > office_now() THEN a.status_before ELSE a.status END,
        m.text, m.at
    FROM above AS a
    LEFT JOIN LATERAL (
        SELECT m.text, m.at FROM message AS m
        INNER JOIN ticket_event AS e ON e.office_id = m.office_id AND e.ticket_id = m.ticket_id AND e.seq = m.seq
        WHERE m.office_id = a.office_id AND m.ticket_id = a.id AND m.sender = 'office' AND m.erased_at IS NULL
            AND e.type IN ('answered', 'interim_answered', 'rejected', 'forwarded') AND e.undone_by IS NULL
            AND m.released_at <= office_now()
        ORDER BY m.seq DESC
        LIMIT 1
    ) AS m ON true
    WHERE a.merged_into IS NULL
    LIMIT 1
$$;

-- migrate: rollback
DROP FUNCTION merged_outcome(integer, bigint);
DROP FUNCTION merged_reporters(integer, bigint);
