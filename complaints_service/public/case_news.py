"""Tells an opened page of a case when the citizen would see something new, for a few minutes at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import msgspec
import structlog
from litestar.response.sse import ServerSentEventMessage

from complaints_service.database import UNAVAILABLE, Database, queries
from complaints_service.errors import NotFound
from complaints_service.office.store import OfficeStore
from complaints_service.public.opened_tickets import Opened
from complaints_service.tickets.file import TicketFile
from complaints_service.tickets.reading import TicketReader
from complaints_service.tickets.timeline import TimelineEntry, timeline
from complaints_service.web.streams import NoRoom, StreamRoom

log = structlog.get_logger(__name__)

POLL_SECONDS = 2
# Heartbeats come at least every 15 seconds: what stands between browser and server does not take the line for dead.
HEARTBEAT_POLLS = 7
# Five minutes; the browser comes back by itself with the mark of the last event it had.
POLLS = 150
RETRY_MILLISECONDS = 5_000

Pause = Callable[[float], Awaitable[None]]


class Seen(msgspec.Struct, frozen=True):
    """What a citizen has been shown of a case: its status, and which lines of its log."""

    status: str
    mark: str
    seq: int


class _Glance(msgspec.Struct, frozen=True):
    released: bool
    events: int


def mark_of(entries: list[TimelineEntry]) -> str:
    """The last line and the number of lines: a line can appear late below a newer one, when its ten seconds are over (D2)."""
    return f"{max((entry.seq for entry in entries), default=0)}.{len(entries)}"


class CaseNews:
    """One cheap query every two seconds; the case itself is read only when that has changed. No connection is held between."""

    def __init__(self, database: Database, offices: OfficeStore, reader: TicketReader, room: StreamRoom) -> None:
        self._database = database
        self._offices = offices
        self._reader = reader
        self.room = room

    async def stream(
        self, opened: Opened, mark: str | None, pause: Pause = asyncio.sleep
    ) -> AsyncGenerator[ServerSentEventMessage]:
        """Events ``changed`` since ``mark`` (None: since now). Ends after ``POLLS`` rounds, or with the right to the case."""
        yield ServerSentEventMessage(data=None, retry=RETRY_MILLISECONDS)
        try:
            with self.room.place():
                async for message in self._messages(opened, mark, pause):
                    yield message
        except NoRoom:
            # Filled between the door and here: the browser tries again.
            return

    async def _messages(self, opened: Opened, mark: str | None, pause: Pause) -> AsyncGenerator[ServerSentEventMessage]:
        glance: _Glance | None = None
        seen: Seen | None = None
        quiet = 0
        for _ in range(POLLS):
            try:
                looked = await self._glance(opened)
                if looked is None:
                    return
                if looked != glance:
                    now = await self._look(opened)
                    is_news = now != seen if seen is not None else mark not in (None, now.mark)
                    glance, seen = looked, now
                    if is_news:
                        quiet = 0
                        yield _changed(now)
            except UNAVAILABLE as error:
                log.debug("case_news_waits", error=type(error).__name__)
            except NotFound:
                return
            quiet += 1
            if quiet == HEARTBEAT_POLLS:
                quiet = 0
                yield ServerSentEventMessage(data=None, comment="")
            await pause(POLL_SECONDS)
            if self.room.closed:
                return

    async def _glance(self, opened: Opened) -> _Glance | None:
        async with self._database.transaction(opened.scope()) as connection:
            row = await queries("news").glance(
                connection, token_hash=opened.token_hash, office_id=opened.office_id, ticket_id=opened.ticket_id
            )
        return _Glance(**dict(row)) if row is not None else None

    async def _look(self, opened: Opened) -> Seen:
        office = await self._offices.current(opened.office_id)
        file: TicketFile = await self._reader.file_of(opened.scope(), office, opened.number)
        entries = timeline(file, office, "id", "citizen")
        status = file.ticket.status_for_citizen(file.now)
        return Seen(status.value, mark_of(entries), max((entry.seq for entry in entries), default=0))


def _changed(seen: Seen) -> ServerSentEventMessage:
    data = msgspec.json.encode({"seq": seen.seq, "status": seen.status})
    return ServerSentEventMessage(data=data, event="changed", id=seen.mark)
