"""A year of a calendar as cells: what each day is, and what it is called. Rules without I/O."""

from __future__ import annotations

import calendar as months_of_python
import functools
from datetime import date
from enum import StrEnum

import msgspec

from complaints_service.sla.calendar_document import CalendarDocument, DayKind, Minutes, NoteKind, OpeningHours
from complaints_service.sla.holiday_data import DayOffRow, day_off_rows

FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Years that pages show."""


class Look(StrEnum):
    """What a day is to the eye; each has its colour and its sign."""

    OPEN = "open"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    LEAVE = "leave"
    CLOSED = "closed"
    SPECIAL = "special"
    EXTRA = "extra"


class Day(msgspec.Struct, frozen=True):
    """One day: ``hours`` in minutes after local midnight (empty: closed), ``name`` of the holiday, leave or period."""

    day: date
    look: Look
    hours: tuple[Minutes, ...]
    name: str = ""
    estimated: bool = False


class Month(msgspec.Struct, frozen=True):
    """A month by weeks from Monday; None: a day of the month before or after."""

    first: date
    weeks: tuple[tuple[Day | None, ...], ...]


class Year(msgspec.Struct, frozen=True):
    """Twelve months; ``named``: the days that differ from the ordinary week, in order (a special period only by its first day)."""

    number: int
    months: tuple[Month, ...]
    named: tuple[Day, ...]
    open_days: int
    open_minutes: int


@functools.lru_cache(maxsize=32)
def listed_holidays(year: int) -> dict[date, DayOffRow]:
    """What the package ``holidays`` knows of a year."""
    return {row.day: row for row in day_off_rows([year])}


def day_of(document: CalendarDocument, hours: OpeningHours, day: date) -> Day:
    """What this day is in the calendar."""
    ordinal = day.toordinal()
    open_hours, kind = hours.on(ordinal), hours.kind_of(ordinal)
    note = document.notes.get(day.isoformat())
    if kind is DayKind.EXTRA and open_hours:
        return Day(day, Look.EXTRA, open_hours, note.name if note else "")
    if kind in (DayKind.EXTRA, DayKind.DAY_OFF):
        return _closed(document, day, kind)
    if kind is DayKind.SPECIAL:
        name = next((s.name for s in document.special if s.first <= day.isoformat() <= s.last), "")
        return Day(day, Look.SPECIAL if open_hours else Look.WEEKEND, open_hours, name if open_hours else "")
    return Day(day, Look.OPEN if open_hours else Look.WEEKEND, open_hours)


def _closed(document: CalendarDocument, day: date, kind: DayKind) -> Day:
    note = document.notes.get(day.isoformat())
    # Calendars from before days had names: the package's names.
    listed = listed_holidays(day.year).get(day) if FIRST_YEAR <= day.year <= LAST_YEAR else None
    estimated = listed is not None and listed.estimated
    if note is not None:
        look = {NoteKind.PUBLIC_HOLIDAY: Look.HOLIDAY, NoteKind.COLLECTIVE_LEAVE: Look.LEAVE}.get(
            note.kind, Look.CLOSED
        )
        return Day(day, look, (), note.name, estimated=estimated and look is not Look.CLOSED)
    if listed is not None and kind is DayKind.DAY_OFF:
        look = Look.LEAVE if listed.kind.value == NoteKind.COLLECTIVE_LEAVE.value else Look.HOLIDAY
        return Day(day, look, (), listed.name, estimated=estimated)
    return Day(day, Look.CLOSED, ())


def year_of(document: CalendarDocument, hours: OpeningHours, number: int) -> Year:
    """The year at a glance."""
    weeks_of = months_of_python.Calendar().monthdatescalendar
    months: list[Month] = []
    days: list[Day] = []
    for month in range(1, 13):
        weeks: list[tuple[Day | None, ...]] = []
        for week in weeks_of(number, month):
            cells = tuple(day_of(document, hours, day) if day.month == month else None for day in week)
            weeks.append(cells)
            days += [cell for cell in cells if cell is not None]
        months.append(Month(date(number, month, 1), tuple(weeks)))
    named = [day for day in days if day.look not in (Look.OPEN, Look.WEEKEND, Look.SPECIAL)]
    return Year(
        number,
        tuple(months),
        tuple(named),
        open_days=sum(bool(day.hours) for day in days),
        open_minutes=sum(closes - opens for day in days for opens, closes in day.hours),
    )
