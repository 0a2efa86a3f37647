-- name: read_clock()^
SELECT office_now() AS now, shift FROM clock_shift;

-- name: lock_clock()^
-- Two moves at once: the second counts from where the first ended.
SELECT clock_timestamp() + shift AS now, shift FROM clock_shift FOR UPDATE;

-- name: move_clock(shift, before, after)$
WITH moved AS (
    UPDATE clock_shift SET shift = :shift, moved_at = clock_timestamp() RETURNING shift
), noted AS (
    INSERT INTO clock_move (office_time_before, office_time_after) VALUES (:before, :after)
)
SELECT clock_timestamp() + shift FROM moved;

-- name: left_to_do()^
-- What workers would do now: timers and messages that are due, and messages that somebody holds a lease on.
SELECT
    (SELECT count(*) FROM sla_timer
     WHERE state = 'armed' AND due_at <= (SELECT office_now())) AS timers,
    (SELECT count(*) FROM outbox
     WHERE state = 'queued' AND released_at <= (SELECT office_now()) AND next_try_at <= clock_timestamp()) AS messages,
    (SELECT count(*) FROM outbox WHERE state = 'sending') AS leased;
