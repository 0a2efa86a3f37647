-- Office time (D12): one function tells what time it is in the office
-- depends:

-- migrate: apply
CREATE TABLE clock_shift (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    shift interval NOT NULL DEFAULT '0',
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

INSERT INTO clock_shift DEFAULT VALUES;

-- A move of the development clock counts as an outage and stays on record.
CREATE TABLE clock_move (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    office_time_before timestamptz NOT NULL,
    office_time_after timestamptz NOT NULL
);

CREATE FUNCTION office_now() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$ SELECT clock_timestamp() + shift FROM clock_shift $$;

-- migrate: rollback
DROP FUNCTION office_now();
DROP TABLE clock_move;
DROP TABLE clock_shift;
