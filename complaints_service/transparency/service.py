"""Keeps the public figures (a worker, about every hour) and reads them. A visit counts nothing: it reads what is kept."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.clock import monotonic
from complaints_service.database import SYSTEM, Database, queries
from complaints_service.sla.targets import calendar_of
from complaints_service.transparency.model import Cell, Month
from complaints_service.transparency.rules import bounds, due, months_until

if TYPE_CHECKING:
    import asyncpg

    from complaints_service.clock import OfficeClock
    from complaints_service.office.model import Office
    from complaints_service.office.store import OfficeStore
    from complaints_service.sla.calendar import WorkingCalendar

# So many in one sweep: the first count of a large office takes a few sweeps and holds nothing else up.
AT_ONCE = 3
# How long a process shows what it has read.
READ_SECONDS = 30.0

Kept = tuple[datetime, list[tuple[date, Month]]]


class Transparency:
    """One for a process; it remembers what it has read for half a minute."""

    def __init__(self, database: Database, offices: OfficeStore, clock: OfficeClock) -> None:
        self._database = database
        self._offices = offices
        self._clock = clock
        self._read: dict[int, tuple[float, Kept | None]] = {}

    async def kept(self, office: Office) -> Kept | None:
        """When the figures were made, and the months, the oldest first; None before a worker has counted for the first time."""
        held = self._read.get(office.id)
        if held is not None and monotonic() - held[0] < READ_SECONDS:
            return held[1]
        first = _first_month(self._clock.now(), office)
        async with self._database.connection() as connection:
            rows = [r async for r in queries("transparency").kept_months(connection, office_id=office.id, first=first)]
        months = [(row["month"], msgspec.json.decode(row["document"], type=Month)) for row in rows]
        kept = (max(row["made_at"] for row in rows), months) if rows else None
        self._read[office.id] = (monotonic(), kept)
        return kept

    def now(self) -> datetime:
        """Office time, for what says when it was made before anything is kept."""
        return self._clock.now()

    async def keep(self) -> int:
        """Count the months that are due, at most ``AT_ONCE``; returns how many. Cheap when none is (every sweep asks)."""
        office = await self._offices.current()
        done = 0
        async with self._database.transaction(SYSTEM) as connection:
            waiting = await self._due(connection, office)
        for month in waiting[:AT_ONCE]:
            async with self._database.transaction(SYSTEM) as connection:
                if not await queries("transparency").lock_figures(connection, office_id=office.id):
                    return done
                if month not in await self._due(connection, office):
                    continue
                document = msgspec.json.encode(await count_month(connection, office, month)).decode()
                await queries("transparency").keep_month(
                    connection, office_id=office.id, month=month, document=document
                )
                done += 1
        return done

    async def _due(self, connection: asyncpg.Connection, office: Office) -> list[date]:
        q, now = queries("transparency"), self._clock.now()
        first: datetime | None = await q.first_received(connection, office_id=office.id)
        made = {r["month"]: r["made_at"] async for r in q.made(connection, office_id=office.id, first=date.min)}
        return due(months_until(now, office.time_zone, first), made, now, office.time_zone)


def _first_month(now: datetime, office: Office) -> date:
    return months_until(now, office.time_zone, datetime(2000, 1, 1, tzinfo=ZoneInfo(office.time_zone)))[0]


async def count_month(connection: asyncpg.Connection, office: Office, month: date) -> Month:
    """What is kept of a month, counted now (under a scope that sees every ticket)."""
    q, zone = queries("transparency"), office.time_zone
    starts_at, ends_at = bounds(month, zone)
    lengths = _Lengths(calendar_of(office), zone)
    cells: dict[str, Cell] = {}
    async for row in q.count_answers(connection, office_id=office.id, starts_at=starts_at, ends_at=ends_at, zone=zone):
        old, n = cells.get(row["service"], Cell()), row["n"]
        days = dict(old.days)
        if row["answered_on"] is not None:
            length = lengths.between(row["received_on"], row["answered_on"])
            days[length] = days.get(length, 0) + n
        cells[row["service"]] = Cell(
            old.received + n, old.decided + n * row["decided"], old.in_time + n * row["in_time"], days
        )
    survey = await q.count_survey(connection, office_id=office.id, starts_at=starts_at, ends_at=ends_at)
    return Month(cells, survey["n"], tuple(survey["sums"]))


class _Lengths:
    """Working days from one day to another, each pair reckoned once."""

    def __init__(self, calendar: WorkingCalendar, zone: str) -> None:
        self._calendar = calendar
        self._zone = ZoneInfo(zone)
        self._known: dict[tuple[date, date], int] = {}

    def between(self, received_on: date, answered_on: date) -> int:
        """How many working days after the day of receipt, up to the day of the answer."""
        pair = (received_on, answered_on)
        if pair not in self._known:
            self._known[pair] = max(
                0, self._calendar.working_days_between(self._end_of(received_on), self._end_of(answered_on))
            )
        return self._known[pair]

    def _end_of(self, day: date) -> datetime:
        following = day + timedelta(days=1)
        return datetime(following.year, following.month, following.day, tzinfo=self._zone)
