"""The working calendar: how much working time lies between two instants, and when an amount of it is over.

Rules without I/O. All datetimes are aware, all results are in UTC. Two measures: working minutes (time inside
the opening hours, exact to the microsecond) and whole working days (DOMAIN.md, "The office": received after
closing counts from the next working day, before opening or in a break from that day; N days end at closing
time of the N-th working day after the day of receipt).

An open period includes its opening and excludes its closing: received at the very instant of closing is after
closing. Every call is a few bisections in tables of four years each (calendar_table), made when first needed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from complaints_service.sla.calendar_document import (
    CalendarDocument,
    CalendarError,
    OpeningHours,
    Problem,
    ProblemCode,
    read_hours,
)
from complaints_service.sla.calendar_steps import Step, steps_of_minutes, steps_of_working_days
from complaints_service.sla.calendar_table import (
    MINUTE,
    YEARS_OF_A_TABLE,
    OpenTable,
    as_utc,
    build_table,
    micros,
)

__all__ = [
    "CalendarDocument",
    "CalendarError",
    "NeverOpen",
    "OutOfReach",
    "Problem",
    "ProblemCode",
    "Step",
    "WorkingCalendar",
    "validate",
]

REACH_YEARS = 52
"""How far from its start a computation may lead: beyond any legal time limit, short enough to refuse soon."""

_REACH = REACH_YEARS // YEARS_OF_A_TABLE
_FIRST_TABLE, _LAST_TABLE = 1, 2497  # the years 4 to 9991: room for any offset before `datetime` ends
_TABLES_KEPT = 4 * _REACH


class OutOfReach(ValueError):
    """The moments lie too far apart (REACH_YEARS), or outside the years 4 to 9991."""


class NeverOpen(OutOfReach):
    """The calendar does not hold enough open time within REACH_YEARS of the start."""


class WorkingCalendar:
    """Answers for one version of a calendar. Build it once and keep it: it only ever learns years."""

    __slots__ = ("_tables", "hours", "time_zone")

    def __init__(self, hours: OpeningHours) -> None:
        self.hours = hours
        self.time_zone: ZoneInfo = hours.zone
        self._tables: dict[int, OpenTable] = {}

    @classmethod
    def from_document(cls, document: CalendarDocument) -> WorkingCalendar:
        """The calendar that the document describes. Raises CalendarError with all its problems."""
        return cls(read_hours(document))

    # Working minutes

    def add_minutes(self, start: datetime, minutes: int) -> datetime:
        """The first instant at which the open minutes counted from start reach the amount.

        At closing, therefore, not at the next opening; 0 minutes is the first open instant at or after start.
        Raises ValueError for a negative amount, NeverOpen when the calendar does not hold that much.
        """
        if minutes <= 0:
            _refuse_negative(minutes)
            return self.next_open(start)
        origin = index = self._index(start)
        table = self._table(index)
        wanted = table.open_before(micros(start)) + minutes * MINUTE
        while wanted > table.total:
            wanted -= table.total
            index += 1
            table = self._table_within(index, origin)
        return as_utc(table.reaches(wanted))

    def subtract_minutes(self, moment: datetime, minutes: int) -> datetime:
        """The latest instant from which exactly this many open minutes remain until the given one.

        At an opening, therefore, not at the closing before it; 0 minutes is the given instant itself.
        Raises ValueError for a negative amount, NeverOpen when the calendar did not hold that much.
        """
        if minutes <= 0:
            _refuse_negative(minutes)
            return as_utc(micros(moment))
        origin = index = self._index(moment)
        left = self._table(index).open_before(micros(moment)) - minutes * MINUTE
        while left < 0:
            index -= 1
            left += self._table_within(index, origin).total
        return as_utc(self._table(index).leaves(left))

    def minutes_between(self, start: datetime, end: datetime) -> int:
        """Whole open minutes from start to end; when end comes first, the same amount negative.

        Raises OutOfReach when they lie more than REACH_YEARS apart.
        """
        if micros(end) < micros(start):
            return -self.minutes_between(end, start)
        return self.open_time_between(start, end) // MINUTE

    def open_time_between(self, start: datetime, end: datetime) -> int:
        """Open microseconds from start to an end not before it. Raises OutOfReach like minutes_between."""
        first, last = self._index(start), self._index(end)
        if last - first > _REACH:
            raise OutOfReach(f"{start} and {end} lie more than {REACH_YEARS} years apart")
        passed = sum(self._table(index).total for index in range(first, last))
        return passed + self._table(last).open_before(micros(end)) - self._table(first).open_before(micros(start))

    def is_open(self, at: datetime) -> bool:
        """Whether the office works at this instant (at opening yes, at closing no)."""
        table = self._table(self._index(at))
        instant = micros(at)
        place = bisect_right(table.starts, instant) - 1
        return place >= 0 and instant < table.ends[place]

    def next_open(self, at: datetime) -> datetime:
        """The first open instant at or after this one. Raises NeverOpen when REACH_YEARS hold none."""
        origin = index = self._index(at)
        table = self._table(index)
        instant = micros(at)
        while not table.ends or table.ends[-1] <= instant:
            index += 1
            table = self._table_within(index, origin)
        return as_utc(max(instant, table.starts[bisect_right(table.ends, instant)]))

    # Whole working days

    def counting_day(self, start: datetime) -> date:
        """The working day (local date) a receipt counts for: that day until it closes, else the next one.

        Raises NeverOpen when no working day follows within REACH_YEARS.
        """
        table, place = self._working_day(start, 0, closed_at_closing=True)
        return date.fromordinal(table.days[place])

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """Closing time of the working day that comes `days` after the counting day of start.

        Raises ValueError for a negative amount, NeverOpen when the calendar does not hold that much.
        """
        _refuse_negative(days)
        table, place = self._working_day(start, days, closed_at_closing=True)
        return as_utc(table.closings[place])

    def shift_working_days(self, moment: datetime, days: int) -> datetime:
        """Closing time of the working day `days` after (negative: before) that of the given instant.

        A deadline that falls on a closing belongs to the day it closes: "1 day before" a deadline of Friday
        16:30 is Thursday's closing. After closing the next working day counts. Raises NeverOpen.
        """
        table, place = self._working_day(moment, days, closed_at_closing=False)
        return as_utc(table.closings[place])

    def working_days_between(self, start: datetime, end: datetime) -> int:
        """Whole working days passed: how many days closed after start and not after end.

        So `working_days_between(due, shift_working_days(due, n)) == n` for a deadline at closing. Negative
        when end comes first. Raises OutOfReach when they lie more than REACH_YEARS apart.
        """
        if micros(end) < micros(start):
            return -self.working_days_between(end, start)
        first, last = self._index(start), self._index(end)
        if last - first > _REACH:
            raise OutOfReach(f"{start} and {end} lie more than {REACH_YEARS} years apart")
        passed = sum(len(self._table(index).days) for index in range(first, last))
        until_end = bisect_right(self._table(last).closings, micros(end))
        return passed + until_end - bisect_right(self._table(first).closings, micros(start))

    # Why this date?

    def working_days_after(self, start: datetime, days: int) -> list[tuple[date, datetime]]:
        """The counting day of start and the `days` working days after it, each with its closing time.

        Raises ValueError for a negative amount, NeverOpen when the calendar does not hold that many.
        """
        _refuse_negative(days)
        origin = index = self._index(start)
        table = self._table(index)
        place = bisect_right(table.closings, micros(start))
        found: list[tuple[date, datetime]] = []
        while len(found) <= days:
            while place >= len(table.days):
                place = 0
                index += 1
                table = self._table_within(index, origin)
            found.append((date.fromordinal(table.days[place]), as_utc(table.closings[place])))
            place += 1
        return found

    def explain_working_days(self, start: datetime, days: int) -> list[Step]:
        """The steps by which `add_working_days` comes to its answer; the last one is the answer."""
        return steps_of_working_days(self, start, days)

    def explain_minutes(self, start: datetime, minutes: int) -> list[Step]:
        """The steps by which `add_minutes` comes to its answer; the last one is the answer."""
        return steps_of_minutes(self, start, minutes)

    # Tables

    def _working_day(self, at: datetime, days: int, *, closed_at_closing: bool) -> tuple[OpenTable, int]:
        """Table and place in it of the working day `days` away from the one that holds the instant."""
        origin = index = self._index(at)
        table = self._table(index)
        find = bisect_right if closed_at_closing else bisect_left
        place = find(table.closings, micros(at)) + days
        while place >= len(table.days):
            place -= len(table.days)
            index += 1
            table = self._table_within(index, origin)
        while place < 0:
            index -= 1
            table = self._table_within(index, origin)
            place += len(table.days)
        return table, place

    def _index(self, at: datetime) -> int:
        if at.tzinfo is None:
            raise TypeError("the working calendar takes aware datetimes only")
        try:
            return at.astimezone(self.time_zone).year // YEARS_OF_A_TABLE
        except OverflowError:
            raise OutOfReach(f"{at} lies at the end of time") from None

    def _table_within(self, index: int, origin: int) -> OpenTable:
        """The table, as long as it lies within reach of the one that a search began in."""
        if abs(index - origin) > _REACH or not _FIRST_TABLE <= index <= _LAST_TABLE:
            raise NeverOpen(f"not enough open time within {REACH_YEARS} years")
        return self._table(index)

    def _table(self, index: int) -> OpenTable:
        table = self._tables.get(index)
        if table is None:
            if not _FIRST_TABLE <= index <= _LAST_TABLE:
                raise OutOfReach("outside the years a calendar knows")
            if len(self._tables) >= _TABLES_KEPT:
                self._tables.clear()  # somebody asks through the centuries: what is in use is soon back
            table = self._tables[index] = build_table(self.hours, index)
        return table


def validate(document: CalendarDocument, *, for_saving: bool, from_day: date) -> list[Problem]:
    """All that is wrong with the document; an empty list means that it is a calendar.

    A calendar that is to be saved must be open at some time in the two years from `from_day`, for deadlines
    under a closed one would never come (issue 4); a preview takes any.
    """
    try:
        calendar = WorkingCalendar.from_document(document)
    except CalendarError as error:
        return error.problems
    if for_saving:
        until = from_day + timedelta(days=731)
        start = datetime.combine(from_day, time(), calendar.time_zone)
        end = datetime.combine(until, time(), calendar.time_zone)
        if calendar.open_time_between(start, end) == 0:
            values = {"from": from_day.isoformat(), "to": until.isoformat()}
            return [Problem("", ProblemCode.NEVER_OPEN, values)]
    return []


def _refuse_negative(amount: int) -> None:
    if amount < 0:
        raise ValueError("working time is counted forward: the amount must not be negative")
