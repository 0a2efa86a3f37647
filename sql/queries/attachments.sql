-- Uploads and attachments (D13). Rows tell what the files under DATA_DIR/attachments are; files are written before rows.

-- name: taken_today(day, sender)^
-- Bytes taken on a day (UTC) from everybody and from this sender.
SELECT
    coalesce(sum(u.bytes) FILTER (WHERE u.sender = ''::bytea), 0)::bigint AS everybody,
    coalesce(sum(u.bytes) FILTER (WHERE u.sender = :sender::bytea), 0)::bigint AS sender
FROM upload_day AS u
WHERE u.day = :day::date AND u.sender = ANY (ARRAY[''::bytea, :sender::bytea]);

-- name: count_taken(day, sender, bytes)!
-- In the order of the key, so that two who count at once do not wait for each other in a circle.
INSERT INTO upload_day AS u (day, sender, bytes)
VALUES (:day::date, ''::bytea, :bytes::bigint), (:day::date, :sender::bytea, :bytes::bigint)
ON CONFLICT (day, sender) DO UPDATE SET bytes = u.bytes + excluded.bytes;

-- name: add_upload(id, name, media_type, size, sha256, storage_key, preview_size, preview_sha256, hours)!
INSERT INTO upload (id, name, media_type, size, sha256, storage_key, preview_size, preview_sha256, expires_at)
VALUES (
    :id, :name, :media_type, :size, :sha256, :storage_key, :preview_size, :preview_sha256,
    office_now() + make_interval(hours => :hours::integer)
);

-- name: uploads_waiting(ids)
-- Those that can still be claimed, for a form that shows their names.
SELECT id, name, media_type, size, sha256, storage_key, preview_size, preview_sha256
FROM upload
WHERE id = ANY (:ids::text[]) AND expires_at > office_now();

-- name: hold_uploads(ids)
-- The same under lock, for the transaction that claims them: two that want the same one come one after the other.
SELECT id, name, media_type, size, sha256, storage_key, preview_size, preview_sha256
FROM upload
WHERE id = ANY (:ids::text[]) AND expires_at > office_now()
ORDER BY id
FOR UPDATE;

-- name: attach(rows)!
-- Turns held uploads into attachments of a ticket.
WITH attached AS (
    INSERT INTO attachment (
        office_id, ticket_id, seq, position, id, name, media_type, size, sha256, storage_key, preview_size, preview_sha256, salt,
        digest
    )
    SELECT
        r.office_id, r.ticket_id, r.seq, r.position, r.id, r.name, r.media_type, r.size, r.sha256, r.storage_key, r.preview_size,
        r.preview_sha256, r.salt, r.digest
    FROM json_populate_recordset(NULL::attachment, :rows::json) AS r
)
DELETE FROM upload
WHERE id IN (SELECT r.id FROM json_populate_recordset(NULL::attachment, :rows::json) AS r);

-- name: of_ticket(office_id, number, id)^
-- One attachment as far as the transaction's scope sees its ticket.
SELECT
    k.id AS ticket_id, a.id, a.name, a.media_type, a.size, a.sha256, a.storage_key, a.preview_size, a.preview_sha256, a.trouble,
    a.erased_at
FROM ticket AS k
INNER JOIN attachment AS a ON a.office_id = k.office_id AND a.ticket_id = k.id
WHERE k.office_id = :office_id AND k.number = :number AND a.id = :id;

-- name: log_download(office_id, person_id, ticket_id)!
-- Who of the office has taken a file out, in the transaction that looked it up.
INSERT INTO access_log (office_id, person_id, ticket_id, what) VALUES (:office_id, :person_id, :ticket_id, 'attachment');

-- name: note_trouble(office_id, id, trouble)!
UPDATE attachment SET trouble = :trouble WHERE office_id = :office_id AND id = :id;

-- name: troubled(office_id)$
SELECT count(*) FROM attachment WHERE office_id = :office_id AND trouble IS NOT NULL;

-- name: raise_alarm(office_id, key, details)!
INSERT INTO alarm (office_id, key, what, details) VALUES (:office_id, :key, :key, :details)
ON CONFLICT (office_id, key) WHERE cleared_at IS NULL DO NOTHING;

-- name: clear_alarm(office_id, key)!
UPDATE alarm SET cleared_at = office_now() WHERE office_id = :office_id AND key = :key AND cleared_at IS NULL;

-- name: forget_expired(most)
-- The rows go first: a row implies its file (I10), a file without a row is swept.
DELETE FROM upload
WHERE id IN (
    SELECT u.id FROM upload AS u WHERE u.expires_at <= office_now() ORDER BY u.expires_at LIMIT :most FOR UPDATE SKIP LOCKED
)
RETURNING storage_key;

-- name: forget_days(before)!
DELETE FROM upload_day WHERE day < :before::date;

-- name: known_keys(keys)
-- Which of these storage keys have a row that needs its files.
SELECT storage_key FROM attachment WHERE storage_key = ANY (:keys::text[]) AND erased_at IS NULL
UNION ALL
SELECT storage_key FROM upload WHERE storage_key = ANY (:keys::text[]);

-- name: erase(office_id, ticket_id)
-- Name and content go, salt and digest stay for the chain.
UPDATE attachment SET
    name = '', sha256 = NULL, preview_size = NULL, preview_sha256 = NULL, trouble = NULL, erased_at = office_now()
WHERE office_id = :office_id AND ticket_id = :ticket_id AND erased_at IS NULL
RETURNING storage_key;

-- name: files_page(after, before, most)
-- For the audit (I10): every file that a row implies, in the order of the storage keys, between two of them.
SELECT a.office_id, k.number, a.id, a.storage_key, a.size, a.sha256, a.preview_size, a.preview_sha256
FROM attachment AS a
INNER JOIN ticket AS k ON k.office_id = a.office_id AND k.id = a.ticket_id
WHERE a.storage_key > :after AND a.storage_key < :before AND a.erased_at IS NULL
ORDER BY a.storage_key
LIMIT :most;

-- name: files_count()$
SELECT count(*) FROM attachment WHERE erased_at IS NULL;

-- name: chained_page(office_id, first, last)
-- What the chain must know of (I7): each attachment's digest and what it was made from.
SELECT ticket_id, seq, position, name, media_type, size, sha256, salt, digest, erased_at IS NOT NULL AS erased
FROM attachment
WHERE office_id = :office_id AND ticket_id BETWEEN :first AND :last
ORDER BY ticket_id, seq, position;

-- name: events_with_files(office_id, ids)
-- Events whose body, and so whose hash, holds digests of files.
SELECT e.ticket_id, k.number, e.seq, e.body
FROM ticket_event AS e
INNER JOIN ticket AS k ON k.office_id = e.office_id AND k.id = e.ticket_id
WHERE e.office_id = :office_id AND e.ticket_id = ANY (:ids::bigint[]) AND strpos(e.body, '"attachments":[{"digest":"') > 0;
