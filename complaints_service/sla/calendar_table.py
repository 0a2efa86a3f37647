"""Tables of open time over four years each: what the working calendar looks things up in.

A table lists the open stretches of real time with running totals, so that any amount of working time is
found by two bisections instead of a walk. Instants are whole microseconds since 1970-01-01T00:00Z.

The wall clock is turned into real time stretch by stretch between two changes of the zone's offset: what a
change skips falls between two stretches and does not exist, what it repeats lies in both and counts twice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.sla.calendar_document import OpeningHours

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
YEARS_OF_A_TABLE = 4

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = EPOCH.toordinal()


def micros(at: datetime) -> int:
    """The instant as microseconds since 1970. Raises TypeError for a datetime without a zone."""
    since = at - EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds


def as_utc(at: int) -> datetime:
    """The instant as a datetime in UTC."""
    return EPOCH + timedelta(microseconds=at)


class OpenTable(msgspec.Struct, frozen=True):
    """Open time of the local days of four years.

    `before[i]` is the open time of this table before `starts[i]`; `days` are the ordinals of the days that
    are open at all, `closings` the instant at which each of them closes for the last time.
    """

    starts: list[int]
    ends: list[int]
    before: list[int]
    total: int
    days: list[int]
    closings: list[int]

    def open_before(self, at: int) -> int:
        """Open microseconds of this table before the instant."""
        place = bisect_right(self.starts, at) - 1
        if place < 0:
            return 0
        return self.before[place] + min(at, self.ends[place]) - self.starts[place]

    def reaches(self, amount: int) -> int:
        """The first instant by which `amount` (0 < amount <= total) was open: at closings, not openings."""
        place = bisect_left(self.before, amount) - 1
        return self.starts[place] + amount - self.before[place]

    def leaves(self, amount: int) -> int:
        """The last instant by which just `amount` (0 <= amount < total) was open: at openings."""
        place = bisect_right(self.before, amount) - 1
        return self.starts[place] + amount - self.before[place]


def build_table(hours: OpeningHours, index: int) -> OpenTable:
    """The table of the local years `4 * index` to `4 * index + 3`."""
    first = date(index * YEARS_OF_A_TABLE, 1, 1).toordinal()
    last = date((index + 1) * YEARS_OF_A_TABLE, 1, 1).toordinal() - 1
    starts: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    closing_of: dict[int, int] = {}
    total = 0
    for begin, end, offset in _stretches(hours.zone, first, last):
        first_here = max(first, (begin + offset) // DAY + _EPOCH_DAY)
        last_here = min(last, (end + offset - 1) // DAY + _EPOCH_DAY)
        for day in range(first_here, last_here + 1):
            midnight = (day - _EPOCH_DAY) * DAY - offset
            for opens, closes in hours.on(day):
                start = max(midnight + opens * MINUTE, begin)
                stop = min(midnight + closes * MINUTE, end)
                if start < stop:
                    starts.append(start)
                    ends.append(stop)
                    before.append(total)
                    total += stop - start
                    closing_of[day] = stop
    return OpenTable(starts, ends, before, total, list(closing_of), list(closing_of.values()))


@lru_cache(maxsize=128)
def _stretches(zone: ZoneInfo, first: int, last: int) -> tuple[tuple[int, int, int], ...]:
    """Begin, end and offset of the stretches of constant offset that cover these local days.

    Sampled every second day: the zone database knows no two changes within three days of each other.
    """
    begin = (first - _EPOCH_DAY - 2) * DAY
    until = (last - _EPOCH_DAY + 3) * DAY
    offset = _offset(zone, begin)
    found: list[tuple[int, int, int]] = []
    for earlier in range(begin, until, 2 * DAY):
        later = earlier + 2 * DAY
        if _offset(zone, later) != offset:
            change = _change(zone, earlier, later, offset)
            found.append((begin, change, offset))
            begin, offset = change, _offset(zone, change)
    return (*found, (begin, until, offset))


def _change(zone: ZoneInfo, earlier: int, later: int, offset: int) -> int:
    """The instant, to the second, at which the zone leaves this offset."""
    while later - earlier > SECOND:
        between = (earlier + later) // 2 // SECOND * SECOND
        if _offset(zone, between) == offset:
            earlier = between
        else:
            later = between
    return later


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = as_utc(at).astimezone(zone).utcoffset() or timedelta()
    return offset.days * DAY + offset.seconds * SECOND
