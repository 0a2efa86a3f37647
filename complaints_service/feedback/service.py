"""The loop: months (and on demand the month so far) close into an immutable report, which the head of office gets by mail."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from complaints_service.database import Database, Scope, queries
from complaints_service.errors import Malformed, NotFound
from complaints_service.failpoints import fp
from complaints_service.feedback.letter import report_letters
from complaints_service.feedback.rules import (
    DISSATISFIED_UP_TO,
    Case,
    Period,
    Report,
    as_seen_by,
    how_late,
    in_order,
    months_due,
    running_month,
)
from complaints_service.feedback.views import CyclePage, CycleView, summary, view
from complaints_service.notifications.message_ids import MessageIds
from complaints_service.office.model import Office, Role
from complaints_service.sla.targets import calendar_of
from complaints_service.tickets.port import OutboxRow

if TYPE_CHECKING:
    import asyncpg

    from complaints_service.accounts.model import Viewer
    from complaints_service.keys import Keys
    from complaints_service.office.store import OfficeStore
    from complaints_service.settings import Settings
    from complaints_service.sla.calendar import WorkingCalendar
    from complaints_service.waker import Waker

READERS = (Role.SUPERVISOR, Role.HEAD, Role.REGIONAL, Role.ADMIN)
CLOSERS = (Role.HEAD, Role.REGIONAL, Role.ADMIN)
MOST_CYCLES = 200
_NEWEST = 2**31 - 1

# Rows of the outbox that others want to follow from a closed report, in the transaction that closes it.
Followers = Callable[[Report, Office], Iterable[OutboxRow]]

_encoder = msgspec.json.Encoder(order="deterministic")


class Feedback:
    """Use cases of the feedback loop. Only supervisors, heads, the regional office and administrators read its reports."""

    def __init__(
        self,
        database: Database,
        offices: OfficeStore,
        keys: Keys,
        settings: Settings,
        waker: Waker | None = None,
        followers: Followers | None = None,
    ) -> None:
        self._database = database
        self._offices = offices
        self._message_ids = MessageIds(keys, settings.mail_from)
        self._waker = waker
        self._followers = followers

    async def close_due_cycles(self) -> int:
        """Close every month that is over and not closed, one transaction each; returns how many.

        Any number of workers may call it at any time: a lock and a unique key let each month close once. Called at every sweep,
        so that it asks one cheap question when nothing is due.
        """
        async with self._database.connection() as connection:
            offices: list[int] = [row["id"] async for row in queries("feedback").office_ids(connection)]
        closed = 0
        for office_id in offices:
            while await self._close_next_month(office_id):
                fp("cycle.closed")
                closed += 1
        if closed:
            self._wake()
        return closed

    async def close_now(self, viewer: Viewer) -> CycleView:
        """Close a report over the month so far. Raises Forbidden for officers and supervisors."""
        viewer.require(*CLOSERS)
        office = viewer.office
        async with self._database.transaction(Scope.system()) as connection:
            await queries("feedback").lock_cycles(connection, office_id=office.id)
            standing = await queries("feedback").last_monthly_end(connection, office_id=office.id)
            now: datetime = standing["office_time"]
            period = running_month(now, office.time_zone)
            report, digest = await self._close(connection, office, period, now, closed_by=viewer.person.id, mailed=True)
        self._wake()
        return view(as_seen_by(report, viewer.person, office), office, digest)

    async def cycles(self, viewer: Viewer, cursor: str | None = None, limit: int = 50) -> CyclePage:
        """Closed cycles, the newest first. Raises Forbidden for officers, Malformed for a cursor that is none of ours."""
        viewer.require(*READERS)
        limit = max(1, min(limit, MOST_CYCLES))
        async with self._database.connection() as connection:
            rows = [
                row
                async for row in queries("feedback").cycles(
                    connection, office_id=viewer.office.id, before=_before(cursor), limit=limit + 1
                )
            ]
        more = len(rows) > limit
        items = tuple(summary(_seen(row, viewer), viewer.office) for row in rows[:limit])
        return CyclePage(items, str(items[-1].id) if more else None)

    async def cycle(self, viewer: Viewer, cycle_id: int) -> CycleView:
        """One closed cycle with the cases the viewer may see. Raises Forbidden for officers, NotFound."""
        viewer.require(*READERS)
        if not 0 < cycle_id <= _NEWEST:
            raise NotFound("There is no such report.")
        async with self._database.connection() as connection:
            row = await queries("feedback").cycle(connection, office_id=viewer.office.id, id=cycle_id)
        if row is None:
            raise NotFound("There is no such report.")
        return view(_seen(row, viewer), viewer.office, row["report_digest"])

    async def _close_next_month(self, office_id: int) -> bool:
        office = await self._offices.current(office_id)
        async with self._database.transaction(Scope.system()) as connection:
            due, now = await _due(connection, office)
            if not due:
                return False
            await queries("feedback").lock_cycles(connection, office_id=office_id)
            due, now = await _due(connection, office)
            if not due:
                return False
            # Of months made up for together (an outage, an old office) only the last is mailed: it has what is still open.
            await self._close(connection, office, due[0], now, closed_by=None, mailed=len(due) == 1)
            return True

    async def _close(
        self,
        connection: asyncpg.Connection,
        office: Office,
        period: Period,
        now: datetime,
        *,
        closed_by: int | None,
        mailed: bool,
    ) -> tuple[Report, bytes]:
        sql, calendar = queries("feedback"), calendar_of(office)
        dates: dict[str, Any] = {"office_id": office.id, "starts_at": period.starts_at, "ends_at": period.ends_at}
        unresolved = sql.unresolved(connection, office_id=office.id, ends_at=period.ends_at)
        reopened = sql.reopened(connection, **dates)
        dissatisfied = sql.dissatisfied(connection, **dates, worst=DISSATISFIED_UP_TO)
        report = Report(
            office_id=office.id,
            cycle=await sql.next_cycle_id(connection, office_id=office.id),
            period=period,
            monthly=closed_by is None,
            closed_at=now,
            closed_by=closed_by,
            unresolved=in_order([_case(row, calendar) async for row in unresolved]),
            reopened=in_order([_case(row, calendar) async for row in reopened]),
            dissatisfied=in_order([_case(row, calendar) async for row in dissatisfied]),
        )
        stored = _encoder.encode(report)
        digest = hashlib.sha256(stored).digest()
        await sql.add_cycle(
            connection,
            **dates,
            id=report.cycle,
            monthly=report.monthly,
            closed_at=now,
            closed_by=closed_by,
            report=stored.decode(),
            report_digest=digest,
        )
        rows: list[OutboxRow] = report_letters(report, office, self._message_ids) if mailed else []
        rows += self._followers(report, office) if self._followers is not None else ()
        if rows:
            fp("cycle.added")
            await sql.add_messages(connection, rows=msgspec.json.encode(rows).decode())
        return report, digest

    def _wake(self) -> None:
        if self._waker is not None:
            self._waker.wake()


async def _due(connection: asyncpg.Connection, office: Office) -> tuple[list[Period], datetime]:
    """Months to close, the oldest first, and office time."""
    standing = await queries("feedback").last_monthly_end(connection, office_id=office.id)
    first: datetime | None = None
    if standing["last_end"] is None:
        first = await queries("feedback").first_received(connection, office_id=office.id)
    now: datetime = standing["office_time"]
    return months_due(standing["last_end"], first, now, office.time_zone), now


def _case(row: asyncpg.Record, calendar: WorkingCalendar) -> Case:
    return Case(
        number=row["number"],
        category=row["category"],
        service=row["service"],
        kind=row["kind"],
        unit_id=row["unit_id"],
        received_at=row["received_at"],
        target=row["target"],
        due_at=row["due_at"],
        late=how_late(calendar, row["due_at"], row["until"]),
        at=row["at"],
        score=row["score"],
        reported_units=tuple(row["reported_units"]),
        reported_people=tuple(row["reported_people"]),
    )


def _seen(row: asyncpg.Record, viewer: Viewer) -> Report:
    return as_seen_by(msgspec.json.decode(row["report"], type=Report), viewer.person, viewer.office)


def _before(cursor: str | None) -> int:
    if cursor is None:
        return _NEWEST
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 9):
        raise Malformed("The cursor is not one of this list; start again without it.")
    return int(cursor)
