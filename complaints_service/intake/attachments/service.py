"""The use cases of files: take one, show what waits, give one out, erase, sweep."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
import structlog

from complaints_service.clock import machine_now
from complaints_service.database import SYSTEM, Database, Scope, queries
from complaints_service.errors import NotFound
from complaints_service.failpoints import fp
from complaints_service.intake.attachments import rules, trouble
from complaints_service.intake.attachments.admission import Admission
from complaints_service.intake.attachments.cleaning import PictureCleaner
from complaints_service.intake.attachments.receiving import Received, ReceivedFile, receiving
from complaints_service.intake.attachments.rules import MediaType
from complaints_service.intake.attachments.storage import (
    BUCKETS,
    FileDamaged,
    FileMissing,
    Storage,
    Stored,
    head_and_tail,
    new_key,
)
from complaints_service.intake.attachments.trouble import FileGone, StorageFull
from complaints_service.keys import Keys
from complaints_service.office.model import Office, Person
from complaints_service.office.store import OfficeStore
from complaints_service.settings import Settings
from complaints_service.tickets.attachments import UPLOAD_ID, Upload
from complaints_service.tickets.rows import opaque_id
from complaints_service.web.pages import PageRequest

log = structlog.get_logger(__name__)

# A file without a row is left by a crash between the two; it is long enough old that no row is still coming.
ORPHAN_AGE = timedelta(hours=24)
INCOMING_AGE = timedelta(hours=2)
MOST_EXPIRED = 500


class OpenedFile(msgspec.Struct, frozen=True):
    """A file to send: whole, open, at its beginning."""

    file: BinaryIO
    name: str
    media_type: str
    size: int


class Attachments:
    """Files of citizens, between the doors and the disk."""

    def __init__(self, database: Database, offices: OfficeStore, keys: Keys, settings: Settings) -> None:
        self._database = database
        self._offices = offices
        self.storage = Storage(settings.data_dir)
        self._admission = Admission(database, keys, settings, self.storage)
        self._cleaner = PictureCleaner()
        # Unknown after a start: the first file that is stored ends an alarm that an earlier process has raised.
        self._may_be_full = True
        self._bucket = secrets.randbelow(BUCKETS)

    @asynccontextmanager
    async def receive(self, request: PageRequest, *, keeps_fields: bool) -> AsyncGenerator[Received]:
        """The form of a request, its files on disk for as long as the block runs (see ``receiving``)."""
        async with self._admission.place(request) as gate:
            try:
                async with receiving(request, self.storage, gate, keeps_fields=keeps_fields) as received:
                    if isinstance(received.refusal, StorageFull):
                        await self._tell_full(received.refusal)
                    yield received
            except StorageFull as error:
                await self._tell_full(error)
                raise

    async def keep(self, request: PageRequest, received: ReceivedFile) -> Upload:
        """Look at a received file, clean it, store it, and note that it waits for its complaint for 24 hours.

        Raises Refused (this file is not taken), StorageFull (no file is, now).
        """
        if received.path is None or received.size > rules.MOST_BYTES:
            raise trouble.too_large()
        if received.size == 0:
            raise trouble.empty()
        head, tail = await asyncio.to_thread(head_and_tail, received.path, rules.HEAD_BYTES, rules.TAIL_BYTES)
        kind = rules.sniff(head, tail)
        if kind is None:
            raise trouble.wrong_kind()
        key = new_key()
        try:
            original, preview = await self._store(received.path, kind, key)
        except BaseException as error:
            await asyncio.to_thread(self.storage.remove, key)
            if isinstance(error, StorageFull):
                await self._tell_full(error)
            raise
        try:
            upload = Upload(
                id=f"up_{opaque_id(secrets.token_bytes(16))}",
                name=rules.clean_name(received.name, kind),
                media_type=kind.value,
                size=original.size,
                sha256=original.sha256,
                storage_key=key,
                preview_size=preview.size if preview else None,
                preview_sha256=preview.sha256 if preview else None,
            )
            fp("upload.stored")
            # The files are synced: only now may a row tell of them.
            async with self._database.connection() as connection:
                await self._admission.count(connection, request, received.size)
                row = msgspec.structs.asdict(upload)
                await queries("attachments").add_upload(connection, **row, hours=rules.HOURS_WAITING)
        except BaseException:
            await asyncio.to_thread(self.storage.remove, key)
            raise
        if self._may_be_full:
            self._may_be_full = False
            await self._clear(trouble.STORAGE_ALARM)
        return upload

    async def _store(self, source: Path, kind: MediaType, key: str) -> tuple[Stored, Stored | None]:
        try:
            return await self._cleaned_and_kept(source, kind, key)
        except OSError as error:
            raise StorageFull(error) from error

    async def _cleaned_and_kept(self, source: Path, kind: MediaType, key: str) -> tuple[Stored, Stored | None]:
        if kind is MediaType.PDF:
            return await asyncio.to_thread(self.storage.keep, source, key), None
        made: list[Path] = []
        try:
            for suffix in (".clean", ".preview"):
                file, path = await asyncio.to_thread(self.storage.new_file, suffix)
                file.close()
                made.append(path)
            target, preview = made
            await self._cleaner.clean(source, kind, target, preview)
            return (
                await asyncio.to_thread(self.storage.keep, target, key),
                await asyncio.to_thread(self.storage.keep, preview, key),
            )
        finally:
            for path in made:
                await asyncio.to_thread(path.unlink, missing_ok=True)

    async def waiting(self, ids: Sequence[str]) -> list[Upload]:
        """Those of these uploads that can still be claimed, in the order given, each once."""
        askable = [upload_id for upload_id in dict.fromkeys(ids) if UPLOAD_ID.fullmatch(upload_id)]
        if not askable:
            return []
        async with self._database.connection() as connection:
            rows = queries("attachments").uploads_waiting(connection, ids=askable)
            found = {row["id"]: Upload(**dict(row)) async for row in rows}
        return [found[upload_id] for upload_id in askable if upload_id in found]

    async def open(
        self,
        scope: Scope,
        office: Office,
        number: str,
        attachment_id: str,
        viewer: Person | None = None,
        *,
        part: Literal["original", "preview"] = "original",
    ) -> OpenedFile:
        """One file of a ticket, as far as the scope sees the ticket. A person's download is on record before it begins.

        Raises NotFound, FileGone (erased, or not what was stored: then the administrators hear of it).
        """
        row = None
        if UPLOAD_ID.fullmatch(attachment_id) and "\x00" not in number:
            async with self._database.transaction(scope) as connection:
                row = await queries("attachments").of_ticket(
                    connection, office_id=office.id, number=number, id=attachment_id
                )
                if row is not None and viewer is not None and part == "original":
                    await queries("attachments").log_download(
                        connection, office_id=office.id, person_id=viewer.id, ticket_id=row["ticket_id"]
                    )
        if row is None:
            raise NotFound
        if row["erased_at"] is not None:
            raise FileGone("erased")
        if part == "preview":
            size, sha256, kind = row["preview_size"], row["preview_sha256"], MediaType.WEBP.value
            if sha256 is None:
                raise NotFound
        else:
            size, sha256, kind = row["size"], row["sha256"], row["media_type"]
        wrong = None
        try:
            file = await asyncio.to_thread(self.storage.open_whole, row["storage_key"], sha256, size)
        except FileMissing:
            wrong = "missing"
        except FileDamaged:
            wrong = "damaged"
        else:
            if part == "original" and row["trouble"] is not None:
                await self._note(scope, office, attachment_id, None)
            return OpenedFile(file, row["name"], kind, size)
        if part == "original":
            await self._note(scope, office, attachment_id, wrong)
        log.error("attachment_not_readable", state=wrong, ticket=row["ticket_id"], part=part)
        await self._alarm(office, trouble.DAMAGE_ALARM, {"ticket": row["ticket_id"], "state": wrong})
        raise FileGone(wrong)

    async def _note(self, scope: Scope, office: Office, attachment_id: str, state: str | None) -> None:
        """What the last look found; when nothing is wrong any more, the alarm ends."""
        async with self._database.transaction(scope) as connection:
            await queries("attachments").note_trouble(connection, office_id=office.id, id=attachment_id, trouble=state)
        if state is None:
            async with self._database.transaction(SYSTEM) as connection:
                left = await queries("attachments").troubled(connection, office_id=office.id)
            if not left:
                await self._clear(trouble.DAMAGE_ALARM)

    async def erase(self, office_id: int, ticket_id: int) -> int:
        """Delete the files of a ticket and their names for good; the chain keeps salted digests (D10). Returns their number."""
        async with self._database.transaction(SYSTEM) as connection:
            rows = queries("attachments").erase(connection, office_id=office_id, ticket_id=ticket_id)
            keys = [row["storage_key"] async for row in rows]
        for key in keys:
            await asyncio.to_thread(self.storage.remove, key)
        return len(keys)

    async def sweep(self, orphan_age: timedelta = ORPHAN_AGE) -> int:
        """Upkeep: uploads nobody used within 24 hours, what a crash has left behind. One of 256 folders a time; files deleted."""
        async with self._database.connection() as connection:
            expired = [
                row["storage_key"] async for row in queries("attachments").forget_expired(connection, most=MOST_EXPIRED)
            ]
            await queries("attachments").forget_days(connection, before=machine_now().date())
        for key in expired:
            await asyncio.to_thread(self.storage.remove, key)
        removed = await asyncio.to_thread(self.storage.clear_incoming, INCOMING_AGE.total_seconds())
        self._bucket = (self._bucket + 1) % BUCKETS
        return len(expired) + removed + await self._sweep_bucket(self._bucket, orphan_age)

    async def sweep_all(self, orphan_age: timedelta = ORPHAN_AGE) -> int:
        """As ``sweep``, of all folders."""
        removed = await self.sweep(orphan_age)
        for bucket in range(BUCKETS):
            removed += await self._sweep_bucket(bucket, orphan_age)
        return removed

    async def _sweep_bucket(self, bucket: int, orphan_age: timedelta) -> int:
        keys = await asyncio.to_thread(self.storage.keys_in, bucket, orphan_age.total_seconds())
        if not keys:
            return 0
        async with self._database.transaction(SYSTEM) as connection:
            rows = queries("attachments").known_keys(connection, keys=sorted(keys))
            known = {row["storage_key"] async for row in rows}
            if not known and not await queries("attachments").files_count(connection):
                # A database without any attachment beside a folder full of them is the wrong database, not a full bin.
                log.warning("attachments_without_rows", files=len(keys))
                return 0
        orphans = keys - known
        for key in orphans:
            await asyncio.to_thread(self.storage.remove, key)
        return len(orphans)

    async def _tell_full(self, error: StorageFull) -> None:
        self._may_be_full = True
        log.error("attachments_not_stored", reason=error.reason)
        await self._alarm(await self._offices.current(), trouble.STORAGE_ALARM, {"reason": error.reason})

    async def _alarm(self, office: Office, key: str, details: dict[str, object]) -> None:
        text = msgspec.json.encode(details).decode()
        async with self._database.connection() as connection:
            await queries("attachments").raise_alarm(connection, office_id=office.id, key=key, details=text)

    async def _clear(self, key: str) -> None:
        office = await self._offices.current()
        async with self._database.connection() as connection:
            await queries("attachments").clear_alarm(connection, office_id=office.id, key=key)
