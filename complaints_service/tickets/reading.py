"""Looking at tickets: one with everything around it, and the queue. Scope is part of every query (D7)."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import asyncpg
import msgspec

from complaints_service.clock import OfficeClock
from complaints_service.database import SYSTEM, Database, Scope, queries
from complaints_service.errors import FieldProblem, Invalid, NotFound
from complaints_service.keys import Keys
from complaints_service.office.model import Office, Person
from complaints_service.tickets.file import (
    ComplaintWords,
    HeldItem,
    MergedOutcome,
    QueueFilters,
    QueueItem,
    QueuePage,
    Rating,
    ReporterDetails,
    StoredAttachment,
    StoredEvent,
    StoredMessage,
    TicketFile,
)
from complaints_service.tickets.model import Privacy
from complaints_service.tickets.numbers import NUMBER, as_printed
from complaints_service.tickets.rows import deadlines_from, ticket_from

# Any text may come as a number in an address; PostgreSQL takes none with a NUL.
NUL = "\x00"
MOST_FOUND = 500


def storable(number: str) -> bool:
    """Whether the database can be asked for this number at all."""
    return NUL not in number


class TicketReader:
    """Reads tickets for people and citizens."""

    def __init__(self, database: Database, clock: OfficeClock, keys: Keys) -> None:
        self._database = database
        self._clock = clock
        self._keys = keys

    async def file_of(self, scope: Scope, office: Office, number: str, viewer: Person | None = None) -> TicketFile:
        """The ticket with this number as far as the scope sees it. Raises NotFound.

        A person without the right does not see who filed a confidential complaint; for the citizen (viewer None) nothing is hidden.
        """
        row = None
        if storable(number):
            async with self._database.transaction(scope) as connection:
                row = await queries("reading").ticket_by_number(connection, office_id=office.id, number=number)
        if row is None:
            raise NotFound
        self._clock.set(row["office_time"])
        return _file_from(row, viewer)

    async def look_at_reporter(
        self, scope: Scope, office: Office, number: str, viewer: Person
    ) -> ReporterDetails | None:
        """Personal data for a person of the office; the look is logged in the same transaction (Law 27/2022)."""
        if not storable(number):
            raise NotFound
        async with self._database.transaction(scope) as connection:
            row = await queries("reading").ticket_by_number(connection, office_id=office.id, number=number)
            if row is None:
                raise NotFound
            file = _file_from(row, viewer)
            if file.reporter is not None:
                await queries("reading").log_look(
                    connection, office_id=office.id, person_id=viewer.id, ticket_id=file.ticket.id, what="reporter"
                )
        return file.reporter

    async def with_code(self, office: Office, number: str, code: str) -> TicketFile:
        """The ticket for whoever knows number (as typed) and code. Raises NotFound alike for an unknown number and a wrong code."""
        number = as_printed(number, office.number_prefix)
        ticket_id = await self.prove(office, number, code)
        return await self.file_of(Scope.ticket(office.id, ticket_id), office, number)

    async def prove(self, office: Office, number: str, code: str) -> int:
        """The ticket's id when the code belongs to the number, compared in constant time. Raises NotFound."""
        row = None
        if NUMBER.fullmatch(number):
            async with self._database.transaction(SYSTEM) as connection:
                row = await queries("reading").id_by_number(connection, office_id=office.id, number=number)
        ticket_id, key_id = (row["id"], row["key_id"]) if row is not None else (0, office.key_id)
        matches = self._keys.code_matches(code, office.id, ticket_id, key_id)
        if row is None or not matches:
            raise NotFound("No complaint with this number and code was found. Check both; the code is on your receipt.")
        return ticket_id

    async def queue(
        self,
        scope: Scope,
        office: Office,
        viewer: Person,
        filters: QueueFilters,
        cursor: str | None = None,
        limit: int = 50,
    ) -> QueuePage:
        """A page of the tickets the viewer may see. Raises Invalid for a broken cursor."""
        after = _cursor_from(cursor)
        seen = _seen_by(office, viewer)
        async with self._database.transaction(scope, planned=True) as connection:
            now: datetime = await queries("office").office_time(connection)
            found = None
            if filters.words:
                hits = queries("reading").search(connection, words=filters.words[:200], most=MOST_FOUND, **seen)
                found = [row["id"] async for row in hits]
                found += await _by_number(connection, office, filters.words)
            listing = queries("reading").by_receipt if filters.newest_first else queries("reading").queue
            rows = listing(
                connection,
                **seen,
                statuses=list(filters.statuses) or None,
                unit=filters.unit,
                assignee=filters.assignee,
                unassigned=filters.unassigned,
                category=filters.category,
                service=filters.service,
                kind=filters.kind,
                channel=filters.channel,
                priority=filters.priority,
                due_before=now if filters.overdue else filters.due_before,
                due_from=filters.due_from,
                received_from=filters.received_from,
                received_before=filters.received_before,
                found=found,
                after_due=after[0] if after else None,
                after_id=after[1] if after else None,
                most=limit + 1,
            )
            items = [QueueItem(**dict(row)) async for row in rows]
            counts = await queries("reading").queue_counts(connection, **seen)
        self._clock.set(now)
        next_cursor = None
        if len(items) > limit:
            items = items[:limit]
            last = items[-1]
            key = last.received_at if filters.newest_first else last.next_due_at
            next_cursor = _cursor(key, last.id) if key is not None else None
        return QueuePage(items, next_cursor, dict(counts), now)

    async def held(self, scope: Scope, office: Office, viewer: Person, most: int) -> list[HeldItem]:
        """What the viewer may see of the tickets that are held for a look."""
        async with self._database.transaction(scope) as connection:
            rows = queries("reading").held(connection, most=most, **_seen_by(office, viewer))
            return [HeldItem(**dict(row)) async for row in rows]

    async def held_count(self, scope: Scope, office: Office, viewer: Person, most: int) -> int:
        """How many of them there are, counted no further than ``most``."""
        async with self._database.transaction(scope) as connection:
            return await queries("reading").held_count(connection, most=most, **_seen_by(office, viewer))


def _seen_by(office: Office, viewer: Person) -> dict[str, object]:
    """What every query about lists is narrowed by (D7)."""
    return {
        "office_id": office.id,
        "units": sorted(office.scope_units(viewer)),
        "own_units": sorted(viewer.works_in),
        "person": viewer.id,
    }


async def _by_number(connection: asyncpg.Connection, office: Office, words: str) -> list[int]:
    number = words.strip().upper()
    if not NUMBER.fullmatch(number):
        return []
    row = await queries("reading").id_by_number(connection, office_id=office.id, number=number)
    return [row["id"]] if row is not None else []


def _file_from(row: asyncpg.Record, viewer: Person | None) -> TicketFile:
    ticket = ticket_from(row["ticket"])
    hidden = viewer is not None and ticket.privacy is Privacy.CONFIDENTIAL and not viewer.sees_confidential
    reporter = msgspec.json.decode(row["reporter"], type=ReporterDetails) if row["reporter"] else None
    events = msgspec.json.decode(row["events"], type=tuple[StoredEvent, ...])
    return TicketFile(
        ticket=ticket,
        now=row["office_time"],
        text=msgspec.json.decode(row["words"] or "{}", type=ComplaintWords),
        reporter=None if hidden else reporter,
        reporter_hidden=hidden and reporter is not None,
        messages=msgspec.json.decode(row["messages"], type=tuple[StoredMessage, ...]),
        events=events,
        deadlines=deadlines_from(row["deadlines"]),
        rating=msgspec.json.decode(row["rating"], type=Rating) if row["rating"] else None,
        merged_into=row["merged_into_number"] or _merged_into(events, row["office_time"]),
        attachments=msgspec.json.decode(row["attachments"], type=tuple[StoredAttachment, ...]),
        merged_outcome=msgspec.json.decode(row["merged_outcome"], type=MergedOutcome)
        if row["merged_outcome"]
        else None,
        merged_here=row["merged_here"],
    )


def _merged_into(events: tuple[StoredEvent, ...], now: datetime) -> str | None:
    """The number from the log, once it cannot be undone: a citizen's scope does not see the other ticket's row."""
    merged = [e for e in events if e.type == "merged" and e.undone_by is None and e.released_at <= now]
    into = merged[-1].values().get("into") if merged else None
    return into if isinstance(into, str) else None


def _cursor(at: datetime, ticket_id: int) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{ticket_id}".encode()).decode().rstrip("=")


def _cursor_from(cursor: str | None) -> tuple[datetime, int] | None:
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, _, ticket_id = base64.urlsafe_b64decode(padded.encode("ascii")).decode().partition("|")
        moment, number = datetime.fromisoformat(at), int(ticket_id)
        if moment.tzinfo is None or not 0 <= number < 2**63:
            raise ValueError(cursor)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid([FieldProblem("/cursor", "bad_cursor", "Start again from the first page.")]) from error
    return moment, number
