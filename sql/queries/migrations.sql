-- What the runner of migrations asks and sets (complaints_service/migrations.py).

-- name: one_at_a_time(key)$
-- Waits for another process that migrates; the lock ends with the connection. Backfills must see every row, also where the owner is
-- held by row-level security.
SELECT set_config('app.scope', 'system', false), pg_advisory_lock(:key);

-- name: limits(lock_timeout, statement_timeout, local)^
-- How long a statement may wait for a lock, and take; '0' is for ever.
SELECT
    set_config('lock_timeout', :lock_timeout, :local::boolean) AS lock_timeout,
    set_config('statement_timeout', :statement_timeout, :local::boolean) AS statement_timeout;

-- name: half_made(index)$
-- An index whose making was interrupted stays behind, is kept up and never used.
SELECT true FROM pg_index WHERE indexrelid = to_regclass(:index::text) AND NOT indisvalid;
