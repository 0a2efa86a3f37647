-- A seal covers what has happened since the one before it, and that one: sealing and checking cost what a day costs, not what all do
-- depends: 0029_merged_index

-- migrate: apply
-- From the end of the seal before; empty: the first seal of an office, and those of an older version, cover everything up to cutoff.
ALTER TABLE chain_root ADD COLUMN since timestamptz;

-- SHA-256 over the root before, then id and last hash of every ticket that something happened to, in the order of their ids. Whoever
-- rewrites an event changes the root of its day, at any later time.
CREATE FUNCTION chain_root_since(in_office integer, in_since timestamptz, in_cutoff timestamptz, in_before bytea)
RETURNS TABLE (tickets bigint, root bytea)
LANGUAGE sql STABLE
AS $$
    WITH heads AS (
        SELECT DISTINCT ON (e.ticket_id) e.ticket_id, e.hash
        FROM ticket_event AS e
        WHERE e.office_id = in_office AND e.at > in_since AND e.at <= in_cutoff
        ORDER BY e.ticket_id, e.seq DESC
    )
    SELECT count(*), sha256(in_before || coalesce(string_agg(int8send(ticket_id) || hash, ''::bytea ORDER BY ticket_id), ''::bytea))
    FROM heads
$$;

-- migrate: rollback
DROP FUNCTION chain_root_since(integer, timestamptz, timestamptz, bytea);
ALTER TABLE chain_root DROP COLUMN since;
