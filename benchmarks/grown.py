"""What tickets by ``complaints seed`` lack of an office that has worked for two years, and what an audit has to look through: messages
that left, keys of filings, a seal a day, photos with their files."""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from complaints_service.database import queries
from complaints_service.intake.attachments.storage import BUCKETS, Storage, new_key
from complaints_service.notifications.seals import last_day
from complaints_service.tickets.attachments import ClaimedFile, Upload, attachment_digest, with_files
from complaints_service.tickets.chain import body_text, event_hash
from complaints_service.tickets.rows import SALT_BYTES

if TYPE_CHECKING:
    import asyncpg

CHUNK = 1_000
# Of a photo only the size and the hash are looked at; a small one leaves room on the disk.
PHOTO_BYTES = 512

# One message for each event that somebody hears of; rungs go to a person, all else to the reporter.
_MESSAGES = """
INSERT INTO outbox (
    office_id, ticket_id, event_seq, dedupe_key, kind, way, recipient, person_id, escalation, state, created_at, released_at, next_try_at,
    attempts, message_id, sent_at, sent_office_at
)
SELECT
    e.office_id, e.ticket_id, e.seq, k.name, k.kind, 'email', CASE k.kind WHEN 'rung' THEN 'person' ELSE 'reporter' END,
    CASE k.kind WHEN 'rung' THEN 1 END, k.kind = 'rung', 'sent', e.at, e.released_at, e.released_at, 1,
    '<' || md5(k.name) || '@example.org>', e.released_at, e.released_at
FROM ticket_event AS e
INNER JOIN (VALUES
    ('filed', 'receipt'), ('answered', 'answer'), ('asked', 'question'), ('rejected', 'rejected'), ('forwarded', 'forwarded'),
    ('auto_closed', 'closed'), ('rung_fired', 'rung')
) AS t (type, kind) USING (type)
CROSS JOIN LATERAL (SELECT t.kind, format('%s:0:%s:%s:one', e.ticket_id, e.seq, t.kind)) AS k (kind, name)
"""
_KEYS = """
INSERT INTO idempotency_key (office_id, key_hash, body_hash, ticket_id)
SELECT office_id, sha256(int8send(id)), sha256(chain_seed), id FROM ticket
"""
# Tickets that have none yet, far apart, with the event that their chain ends in.
_LAST_EVENTS = """
SELECT t.office_id, t.id, e.seq, e.at, e.type, e.actor, e.body, e.content_digest,
    coalesce(p.hash, t.chain_seed) AS previous
FROM ticket AS t
INNER JOIN ticket_event AS e ON e.office_id = t.office_id AND e.ticket_id = t.id AND e.seq = t.seq
LEFT JOIN ticket_event AS p ON p.office_id = t.office_id AND p.ticket_id = t.id AND p.seq = t.seq - 1
WHERE t.id > $1 AND t.id % $2 = 0
ORDER BY t.id
LIMIT $3
"""
_REWRITE = """
WITH new AS (
    SELECT * FROM unnest($1::integer[], $2::bigint[], $3::integer[], $4::text[], $5::bytea[]) AS n (office_id, id, seq, body, hash)
),
heads AS (
    UPDATE ticket AS t SET chain_head = new.hash FROM new WHERE t.office_id = new.office_id AND t.id = new.id
)
UPDATE ticket_event AS e SET body = new.body, hash = new.hash
FROM new
WHERE e.office_id = new.office_id AND e.ticket_id = new.id AND e.seq = new.seq
"""
_PHOTO_COLUMNS = (
    "office_id", "ticket_id", "seq", "position", "id", "name", "media_type", "size", "sha256", "storage_key", "salt", "digest",
)  # fmt: skip


async def add_messages_and_keys(admin: asyncpg.Connection) -> None:
    """About four messages a ticket, all of them sent, and the key under which each was filed."""
    await admin.execute(_MESSAGES)
    await admin.execute(_KEYS)


async def add_photos(admin: asyncpg.Connection, storage: Storage, every: int) -> int:
    """A file in the last event of every so-many-th ticket, chained as one that was sent; how many."""
    for bucket in range(BUCKETS):
        (storage.folder / f"{bucket:02x}").mkdir(parents=True, exist_ok=True)
    after, photos = 0, 0
    while rows := await admin.fetch(_LAST_EVENTS, after, every, CHUNK):
        made = [(row, _photo(storage)) for row in rows]
        changed = [_with_photo(row, photo) for row, photo in made]
        await admin.execute(_REWRITE, *(list(column) for column in zip(*changed, strict=True)))
        await admin.copy_records_to_table(
            "attachment",
            columns=_PHOTO_COLUMNS,
            records=[_photo_row(row, photo) for row, photo in made],
        )
        after, photos = rows[-1]["id"], photos + len(rows)
    return photos


async def add_seals(admin: asyncpg.Connection, zone: str) -> int:
    """One for every day from the first event to yesterday, as the worker would have made them; how many."""
    now: datetime = await admin.fetchval("SELECT office_now()")
    first: datetime = await admin.fetchval("SELECT min(at) FROM ticket_event")
    moment, made = first + timedelta(days=1), 0
    while moment <= now:
        day, cutoff = last_day(moment, zone)
        made += await queries("seals").seal(admin, office_id=1, day=day, cutoff=cutoff) is not None
        moment += timedelta(days=1)
    return made


def _photo(storage: Storage) -> ClaimedFile:
    """Stored as the service stores it, but for the sync: nothing here must survive a crash."""
    content = os.urandom(PHOTO_BYTES)
    digest, key = hashlib.sha256(content).digest(), new_key()
    storage.path_of(key, digest).write_bytes(content)
    upload = Upload(
        id=f"up_{key[:26]}", name="foto.jpg", media_type="image/jpeg", size=PHOTO_BYTES, sha256=digest, storage_key=key
    )
    salt = secrets.token_bytes(SALT_BYTES)
    return ClaimedFile(upload, salt, attachment_digest(salt, upload.name, upload.media_type, upload.size, digest))


def _with_photo(row: asyncpg.Record, photo: ClaimedFile) -> tuple[int, int, int, str, bytes]:
    body = body_text(with_files(msgspec.json.decode(row["body"], type=dict[str, object]), [photo]))
    head = event_hash(row["previous"], row["seq"], row["at"], row["type"], row["actor"], body, row["content_digest"])
    return row["office_id"], row["id"], row["seq"], body, head


def _photo_row(row: asyncpg.Record, photo: ClaimedFile) -> tuple[object, ...]:
    file = photo.upload
    return (
        row["office_id"], row["id"], row["seq"], 0, file.id, file.name, file.media_type, file.size, file.sha256, file.storage_key,
        photo.salt, photo.digest,
    )  # fmt: skip
