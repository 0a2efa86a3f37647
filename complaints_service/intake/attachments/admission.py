"""Whether another file is taken now: by place, by rate, by the bytes of the day, by what is left on the disk.

Who sends is not known, so each of these is a bound on damage; none stops a text from being filed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from datetime import time as time_of_day

import asyncpg

from complaints_service.clock import machine_now
from complaints_service.database import Database, queries
from complaints_service.errors import TooMany, Unavailable
from complaints_service.intake.attachments.receiving import Gate
from complaints_service.intake.attachments.storage import Storage
from complaints_service.intake.attachments.trouble import StorageFull
from complaints_service.keys import Keys
from complaints_service.settings import Settings
from complaints_service.web.addresses import network
from complaints_service.web.pages import PageRequest
from complaints_service.web.rate_limits import Limit, client_address, limits_of

# Requests that hold a file at the same time in this process; each has at most eleven files of ten megabytes on disk.
MOST_AT_ONCE = 32
BUSY_SECONDS = 15
_MEGABYTE = 1_000_000
_FULL_DAY = "Too many files have come in today. Send your words without the file, or try again in {hours} hours."


class Admission:
    """Counts what is being received."""

    def __init__(self, database: Database, keys: Keys, settings: Settings, storage: Storage) -> None:
        self._database = database
        self._keys = keys
        self._storage = storage
        self._reserve = settings.attachment_reserve_megabytes * _MEGABYTE
        self._everybody = settings.upload_megabytes_per_day * _MEGABYTE
        self._sender = settings.rate_upload_megabytes_per_day
        self._held = 0

    @asynccontextmanager
    async def place(self, request: PageRequest) -> AsyncGenerator[Gate]:
        """The gate of one request: asked before each of its files; the first one takes a place until the request ends.

        The gate raises TooMany, Unavailable, StorageFull.
        """
        holds = False

        async def gate() -> None:
            nonlocal holds
            await limits_of(request).check(Limit.UPLOAD, client_address(request))
            if not holds:
                if self._held >= MOST_AT_ONCE:
                    raise Unavailable(BUSY_SECONDS)
                self._held += 1
                holds = True
            await self._check_day(request)
            await self._check_disk()

        try:
            yield gate
        finally:
            if holds:
                self._held -= 1

    async def count(self, connection: asyncpg.Connection, request: PageRequest, size: int) -> None:
        """Note that so many bytes were taken."""
        day = machine_now().date()
        await queries("attachments").count_taken(connection, day=day, sender=self._sender_key(request), bytes=size)

    async def _check_day(self, request: PageRequest) -> None:
        now = machine_now()
        async with self._database.connection() as connection:
            taken = await queries("attachments").taken_today(
                connection, day=now.date(), sender=self._sender_key(request)
            )
        sender_full = self._sender is not None and taken["sender"] >= self._sender * _MEGABYTE
        if sender_full or taken["everybody"] >= self._everybody:
            tomorrow = datetime.combine(now.date() + timedelta(days=1), time_of_day(), now.tzinfo)
            seconds = int((tomorrow - now).total_seconds()) + 1
            refusal = TooMany(seconds, _FULL_DAY)
            refusal.values["hours"] = -(-seconds // 3600)
            raise refusal

    async def _check_disk(self) -> None:
        """The database may live on the same disk: files stop long before it would."""
        try:
            free = await asyncio.to_thread(self._storage.free_bytes)
        except OSError as error:
            raise StorageFull(error) from error
        if free < self._reserve:
            raise StorageFull

    def _sender_key(self, request: PageRequest) -> bytes:
        day = machine_now().date().isoformat()
        return self._keys.digest("upload-sender", day, network(client_address(request)))[:16]
