-- name: fired_timers(office_id, ids, episodes)
-- What has fired in the running episode of tickets that lag behind a version of policy or calendar.
SELECT s.ticket_id, json_agg(s)::text AS timers
FROM unnest(:ids::bigint[], :episodes::integer[]) AS t (id, episode)
INNER JOIN sla_timer AS s ON s.office_id = :office_id AND s.ticket_id = t.id AND s.episode = t.episode AND s.state = 'fired'
GROUP BY s.ticket_id;
