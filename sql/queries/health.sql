-- name: beat(name, kind, swept)!
-- A sign of life (machine time); a process that comes back under the same name starts anew.
INSERT INTO heartbeat (name, kind, swept_at) VALUES (:name, :kind, CASE WHEN :swept THEN clock_timestamp() END)
ON CONFLICT (name) DO UPDATE SET seen_at = clock_timestamp(), swept_at = coalesce(excluded.swept_at, heartbeat.swept_at);

-- name: last_beat(name)!
-- A process that ends on purpose leaves no row behind that looks like a stall.
DELETE FROM heartbeat WHERE name = :name;

-- name: silence(kind)$
-- Seconds since any process of this kind was last seen; nothing when there is none. Rows of processes long gone are removed.
WITH gone AS (
    DELETE FROM heartbeat WHERE seen_at < clock_timestamp() - interval '1 day'
)
SELECT extract(epoch FROM clock_timestamp() - max(seen_at))::float8 FROM heartbeat WHERE kind = :kind;

-- name: raise_alarm(key, what)!
-- The same alarm in every office, once until it is cleared.
INSERT INTO alarm (office_id, key, what) SELECT id, :key, :what FROM office
ON CONFLICT (office_id, key) WHERE cleared_at IS NULL DO NOTHING;

-- name: clear_alarm(key)!
UPDATE alarm SET cleared_at = office_now() WHERE key = :key AND cleared_at IS NULL;

-- name: state_of_work(counted)^
-- How the work behind the pages goes: ages in seconds (nothing waits: 0), for readiness and metrics. Needs the system's scope.
-- Office time where a promise waits, machine time where a process does (D12). A receiver of webhooks that is away is no fault of ours:
-- it has its own alarm, and its messages do not age the outbox; nor do those for a device whose push service does not answer. Open
-- tickets are counted only for whoever wants the figure: readiness is asked every few seconds, and a hundred thousand take a while.
SELECT
    (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')) AS outbox_waiting,
    (SELECT count(*) FROM outbox WHERE state = 'dead') AS outbox_dead,
    (SELECT coalesce(extract(epoch FROM (SELECT office_now()) - min(released_at)), 0)::float8
     FROM outbox WHERE state IN ('queued', 'sending') AND released_at <= (SELECT office_now())
         AND way <> 'webhook' AND way <> 'push') AS unsent_age,
    (SELECT count(*) FROM sla_timer
     WHERE state = 'armed' AND due_at <= (SELECT office_now())) AS timers_due,
    (SELECT coalesce(extract(epoch FROM (SELECT office_now()) - min(due_at)), 0)::float8 FROM sla_timer
     WHERE state = 'armed' AND due_at <= (SELECT office_now())) AS timer_age,
    (SELECT count(*) FROM ticket
     WHERE :counted::boolean AND status IN ('received', 'verified', 'in_progress', 'waiting_reporter', 'answered')) AS tickets_open,
    (SELECT count(*) FROM alarm WHERE cleared_at IS NULL) AS alarms_open,
    EXISTS (SELECT 1 FROM sending_hold WHERE resumed_at IS NULL) AS sending_held,
    (SELECT extract(epoch FROM clock_timestamp() - max(seen_at))::float8 FROM heartbeat WHERE kind = 'worker') AS worker_age,
    (SELECT extract(epoch FROM clock_timestamp() - max(seen_at))::float8 FROM heartbeat WHERE kind = 'web') AS web_age,
    (SELECT extract(epoch FROM clock_timestamp() - max(swept_at))::float8 FROM heartbeat WHERE kind = 'worker') AS sweep_age;

-- name: answers()$
SELECT true;
