-- Backup, restore, and the hold on sending that follows a restore. As the owner of the tables.

-- name: hold(reason)$
-- Hold all sending; NULL when it is held already.
INSERT INTO sending_hold (reason) VALUES (:reason)
ON CONFLICT ((true)) WHERE resumed_at IS NULL DO NOTHING
RETURNING id;

-- name: resume()$
-- Let it go; NULL when nothing was held.
UPDATE sending_hold SET resumed_at = clock_timestamp() WHERE resumed_at IS NULL
RETURNING held_at;

-- name: waiting_messages()
-- What is going to leave, by kind.
SELECT kind, way, count(*) AS many, min(released_at) AS oldest
FROM outbox
WHERE state IN ('queued', 'sending') AND released_at <= (SELECT office_now())
GROUP BY kind, way
ORDER BY kind, way;

-- name: numbers_a_day(days)$
-- The most tickets that an office filed on one of its last days; 0 for an office without tickets.
SELECT coalesce(max(d.many), 0)::bigint FROM (
    SELECT count(*) AS many FROM ticket
    WHERE received_at > (SELECT max(t.received_at) FROM ticket AS t) - :days::integer * interval '1 day'
    GROUP BY office_id, received_at::date
) AS d;

-- name: sequences()
-- Every sequence with the last value it gave, ticket numbers first.
SELECT sequencename AS name, coalesce(last_value, start_value - 1) AS last_value, sequencename LIKE 'ticket\_number\_%' AS numbers_tickets
FROM pg_sequences
WHERE schemaname = 'public'
ORDER BY 3 DESC, sequencename;

-- name: jump(name, value)$
SELECT setval(format('public.%I', :name::text)::regclass, :value, true);

-- name: machine_time()$
SELECT clock_timestamp();

-- name: analyze()!
ANALYZE;

-- name: make_app_role()!
-- The application's role where it is missing and we may make one.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'complaints_app') THEN
        CREATE ROLE complaints_app LOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'role complaints_app is not made: the migrating role serves as application role';
END $$;

-- name: unbound()$
-- Whether row-level security does not hold who asks.
SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user;

-- name: default_rights_on_tables()!
-- As 0008_scope.sql: in a dump they are bound to the owner of another server.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO complaints_app;

-- name: default_rights_on_sequences()!
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO complaints_app;

-- name: figures()^
-- What a manifest says of the data, for a person who must choose between backups.
SELECT
    (SELECT count(*) FROM ticket) AS tickets,
    (SELECT count(*) FROM ticket_event) AS events,
    (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')) AS messages_waiting,
    office_now() AS office_time,
    clock_timestamp() AS machine_time,
    current_setting('server_version_num')::integer / 10000 AS server_major,
    (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS unbound;

-- name: applied_migrations()
SELECT migration_id AS name FROM public._pogo_migration ORDER BY migration_id;

-- name: blind_tables()
-- Tables under row-level security that the system's scope would not see whole: a dump by a role that is bound would be cut.
SELECT c.relname AS name
FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
    AND NOT EXISTS (
        SELECT 1 FROM pg_policies AS p
        WHERE p.schemaname = 'public' AND p.tablename = c.relname AND p.cmd IN ('SELECT', 'ALL') AND p.permissive = 'PERMISSIVE'
            AND p.qual LIKE '%app_scope()%system%'
    )
ORDER BY c.relname;

-- name: table_sizes()
-- Bytes of each table, for the progress of a dump.
SELECT c.relname AS name, pg_table_size(c.oid) AS bytes
FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r';

-- name: tables_there()$
-- How many relations stand in the database: a restore goes only into one that has none.
SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f');

-- name: whoami()^
SELECT
    current_user AS role_name,
    current_database() AS database_name,
    current_setting('server_version_num')::integer / 10000 AS server_major,
    EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'complaints_app') AS has_app_role;

-- name: snapshot()$
SELECT pg_export_snapshot();

-- name: see_everything()$
SELECT set_config('app.scope', 'system', false);

-- name: replayed_until()$
-- How far a recovery came, in machine time; NULL when it found nothing to replay.
SELECT pg_last_xact_replay_timestamp();

-- name: recovering()$
SELECT pg_is_in_recovery();

-- name: archiving()$
SELECT current_setting('archive_mode');
