-- Photos and documents (D13): uploads that wait to be claimed, and the attachments of tickets. The bytes lie under DATA_DIR/attachments
-- depends: 0019_clock_settings

-- migrate: apply
-- Belongs to nobody yet: whoever knows the id (128 random bits) may put it into one complaint or message. Gone when it is claimed.
CREATE TABLE upload (
    id text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    media_type text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    storage_key text NOT NULL UNIQUE,
    preview_size bigint,
    preview_sha256 bytea,
    -- Office time, like every promise that a citizen can see.
    expires_at timestamptz NOT NULL
);
CREATE INDEX upload_expiry ON upload (expires_at);

-- Bytes taken a day: of everybody (sender empty), and of each sender by keyed hash, forgotten after a day.
CREATE TABLE upload_day (
    day date NOT NULL,
    sender bytea NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (day, sender)
);

-- Beside event ``seq``, whose body holds the digest. Erased: name, sha256 and file are gone, salt and digest stay (D10).
CREATE TABLE attachment (
    office_id integer NOT NULL,
    ticket_id bigint NOT NULL,
    seq integer NOT NULL,
    position smallint NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL CHECK (media_type = ANY ('{image/jpeg,image/png,image/webp,application/pdf}'::text[])),
    size bigint NOT NULL,
    sha256 bytea,
    storage_key text NOT NULL,
    preview_size bigint,
    preview_sha256 bytea,
    salt bytea NOT NULL,
    digest bytea NOT NULL,
    -- What the last look at the file found wrong; empty again when it is whole.
    trouble text CHECK (trouble = ANY ('{missing,damaged}'::text[])),
    erased_at timestamptz,
    PRIMARY KEY (office_id, ticket_id, seq, position),
    UNIQUE (office_id, id),
    FOREIGN KEY (office_id, ticket_id) REFERENCES ticket (office_id, id),
    CHECK ((sha256 IS NULL) = (erased_at IS NOT NULL))
);
CREATE UNIQUE INDEX attachment_storage ON attachment (storage_key);
CREATE INDEX attachment_trouble ON attachment (office_id, id) WHERE trouble IS NOT NULL;

ALTER TABLE attachment ENABLE ROW LEVEL SECURITY;
ALTER TABLE attachment FORCE ROW LEVEL SECURITY;
CREATE POLICY attachment_insert ON attachment FOR INSERT WITH CHECK (true);
CREATE POLICY attachment_select ON attachment FOR SELECT USING (
    (SELECT app_scope()) = 'system'
    OR EXISTS (SELECT 1 FROM ticket WHERE ticket.office_id = attachment.office_id AND ticket.id = attachment.ticket_id)
);
CREATE POLICY attachment_update ON attachment FOR UPDATE USING (
    (SELECT app_scope()) = 'system'
    OR EXISTS (SELECT 1 FROM ticket WHERE ticket.office_id = attachment.office_id AND ticket.id = attachment.ticket_id)
) WITH CHECK (true);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'complaints_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON upload, upload_day TO complaints_app;
        GRANT SELECT, INSERT, UPDATE ON attachment TO complaints_app;
        -- The default privileges of 0008 gave more: an attachment is erased, never deleted.
        REVOKE DELETE ON attachment FROM complaints_app;
        -- What was chained never changes, except that its personal part is erased.
        REVOKE UPDATE ON attachment FROM complaints_app;
        GRANT UPDATE (name, sha256, preview_size, preview_sha256, trouble, erased_at) ON attachment TO complaints_app;
    END IF;
END $$;

-- migrate: rollback
DROP TABLE attachment;
DROP TABLE upload_day;
DROP TABLE upload;
