-- The daily root over all tickets' chains (D10): once it has left by mail, no event before it can be rewritten unseen
-- depends: 0017_cheap_checks

-- migrate: apply
CREATE TABLE chain_root (
    office_id integer NOT NULL REFERENCES office,
    -- The day in the office's zone that the root closes; it covers every event up to cutoff, the end of that day.
    day date NOT NULL,
    cutoff timestamptz NOT NULL,
    tickets bigint NOT NULL,
    root bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (office_id, day)
);

CREATE TRIGGER chain_root_is_immutable BEFORE UPDATE OR DELETE ON chain_root
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The root as of a moment, at any later time: SHA-256 over id and last hash of every ticket, in the order of their ids.
CREATE FUNCTION chain_root_at(in_office integer, in_cutoff timestamptz) RETURNS TABLE (tickets bigint, root bytea)
LANGUAGE sql STABLE
AS $$
    WITH heads AS (
        SELECT k.id, CASE WHEN k.last_event_at <= in_cutoff THEN k.chain_head ELSE (
            SELECT e.hash FROM ticket_event AS e
            WHERE e.office_id = k.office_id AND e.ticket_id = k.id AND e.at <= in_cutoff
            ORDER BY e.seq DESC LIMIT 1
        ) END AS head
        FROM ticket AS k
        WHERE k.office_id = in_office
    )
    SELECT count(*), sha256(coalesce(string_agg(int8send(id) || head, ''::bytea ORDER BY id), ''::bytea))
    FROM heads
    WHERE head IS NOT NULL
$$;

-- migrate: rollback
DROP FUNCTION chain_root_at(integer, timestamptz);
DROP TABLE chain_root;
