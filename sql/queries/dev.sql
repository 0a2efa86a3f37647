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
-- What workers would do now: timers and messages that are due, and messages that somebody holds a lease on. A message behind an
-- older one to the same reader that waits for its next try, or for an endpoint that rests, is not due.
SELECT
    (SELECT count(*) FROM sla_timer
     WHERE state = 'armed' AND due_at <= (SELECT office_now())) AS timers,
    (SELECT count(*) FROM outbox AS o
     WHERE o.state = 'queued' AND o.released_at <= (SELECT office_now()) AND o.next_try_at <= clock_timestamp()
         AND NOT EXISTS (SELECT 1 FROM outbox AS p
                         WHERE p.office_id = o.office_id AND p.state = 'queued' AND p.next_try_at > clock_timestamp()
                             AND (p.released_at, p.id) < (o.released_at, o.id)
                             AND (p.chat_id = o.chat_id
                                  OR (p.ticket_id = o.ticket_id AND p.recipient = 'reporter' AND o.recipient = 'reporter')))
         AND NOT EXISTS (SELECT 1 FROM webhook_health AS w
                         WHERE o.way = 'webhook' AND w.office_id = o.office_id AND w.endpoint_id::text = o.address
                             AND w.rests_until > clock_timestamp())) AS messages,
    (SELECT count(*) FROM outbox WHERE state = 'sending') AS leased;
