-- name: office_rows(office_id)^
-- The whole office in one round trip, as JSON text that office/store.py decodes.
SELECT
    o.config_version,
    office_now() AS office_time,
    json_build_object(
        'id', o.id, 'slug', o.slug, 'name', o.name, 'number_prefix', o.number_prefix, 'time_zone', o.time_zone,
        'address', o.address, 'phone', o.phone, 'key_id', o.key_id, 'config_version', o.config_version, 'look', o.look,
        'units', (SELECT coalesce(json_agg(u ORDER BY u.id), '[]') FROM unit AS u WHERE u.office_id = o.id),
        'people', (
            SELECT coalesce(json_agg(json_build_object(
                'id', p.id, 'username', p.username, 'name', p.name, 'email', p.email, 'role', p.role, 'unit_id', p.unit_id,
                'works_in', (SELECT coalesce(json_agg(pu.unit_id), '[]') FROM person_unit AS pu
                             WHERE pu.office_id = p.office_id AND pu.person_id = p.id AND NOT pu.leads),
                'leads', (SELECT coalesce(json_agg(pu.unit_id), '[]') FROM person_unit AS pu
                          WHERE pu.office_id = p.office_id AND pu.person_id = p.id AND pu.leads),
                'language', p.language, 'sees_confidential', p.sees_confidential, 'active', p.active,
                'ways', p.ways, 'whatsapp', p.whatsapp) ORDER BY p.id), '[]')
            FROM person AS p WHERE p.office_id = o.id),
        'absences', (SELECT coalesce(json_agg(a ORDER BY a.id), '[]') FROM absence AS a
                     WHERE a.office_id = o.id AND a.ends_at > office_now() AND a.revoked_at IS NULL),
        'duties', (SELECT coalesce(json_agg(d ORDER BY d.starts_at, d.id), '[]') FROM duty AS d
                   WHERE d.office_id = o.id AND d.ends_at > office_now() AND d.revoked_at IS NULL),
        'services', (SELECT coalesce(json_agg(s ORDER BY s.position, s.slug), '[]') FROM service AS s WHERE s.office_id = o.id),
        'categories', (SELECT coalesce(json_agg(c ORDER BY c.position, c.slug), '[]') FROM category AS c WHERE c.office_id = o.id),
        'rules', (SELECT coalesce(json_agg(r ORDER BY r.position, r.id), '[]') FROM routing_rule AS r
                  WHERE r.office_id = o.id AND r.active),
        'policies', (
            SELECT coalesce(json_agg(json_build_object(
                'version', p.version, 'effective_from', p.effective_from, 'legal_source', p.legal_source, 'confirmed_by', p.confirmed_by,
                'applies_to_open', p.applies_to_open, 'withdrawn', p.withdrawn_at IS NOT NULL,
                'after_reopening', p.after_reopening, 'after_transfer', p.after_transfer,
                'pauses', (SELECT coalesce(json_agg(u ORDER BY u.status, u.target), '[]') FROM policy_pause AS u
                           WHERE u.office_id = p.office_id AND u.policy_version = p.version),
                'targets', (SELECT coalesce(json_agg(t ORDER BY t.target, t.position), '[]') FROM policy_target AS t
                            WHERE t.office_id = p.office_id AND t.policy_version = p.version),
                'rungs', (SELECT coalesce(json_agg(r ORDER BY r.target, r.position), '[]') FROM rung AS r
                          WHERE r.office_id = p.office_id AND r.policy_version = p.version)) ORDER BY p.version), '[]')
            FROM policy AS p WHERE p.office_id = o.id),
        'calendars', (SELECT coalesce(json_agg(json_build_object(
                          'version', c.version, 'document', c.document, 'applies_to_open', c.applies_to_open) ORDER BY c.version), '[]')
                      FROM calendar AS c WHERE c.office_id = o.id),
        'webhooks', (SELECT coalesce(json_agg(json_build_object('id', w.id, 'events', w.events) ORDER BY w.id), '[]')
                     FROM webhook_endpoint AS w WHERE w.office_id = o.id AND w.active),
        'guidance', (SELECT coalesce(json_agg(g ORDER BY g.id), '[]') FROM guidance AS g
                     WHERE g.office_id = o.id AND g.active)
    )::text AS office
FROM office AS o
WHERE o.id = :office_id;

-- name: config_version(office_id)^
SELECT config_version, office_now() AS office_time FROM office WHERE id = :office_id;

-- name: office_id_by_slug(slug)$
SELECT id FROM office WHERE slug = :slug;

-- name: default_office_id()$
SELECT min(id) FROM office;

-- name: office_time()$
SELECT office_now();
