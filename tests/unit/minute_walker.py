"""Office hours looked at minute by minute: what the calendar's tables are held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from complaints_service.sla.calendar_document import DAYS

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
WINDOW = timedelta(days=9)
QUARTER = 15


class Run(NamedTuple):
    """Minutes in a row in which the wall clock shows one date and every minute after the other."""

    day: date
    shows: int  # the minute of the day at the first of them
    first: int  # minutes from the beginning of the window
    end: int


@cache
def wall_clock(zone: str, middle: date) -> tuple[datetime, list[Run]]:
    """The first minute of the window and what the wall clock shows in it, quarter of an hour after quarter of an hour."""
    first = datetime.combine(middle, time(), UTC) - WINDOW
    runs: list[Run] = []
    for minute in range(0, 2 * WINDOW // MINUTE, QUARTER):
        shown, last = (
            (first + at * MINUTE).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            for at in (minute, minute + QUARTER - 1)
        )
        assert last - shown == (QUARTER - 1) * MINUTE, "clocks are put forward and back at a quarter of an hour"
        day, shows = shown.date(), shown.hour * 60 + shown.minute
        before = runs[-1] if runs else None
        if before and (day, shows) == (before.day, before.shows + before.end - before.first):
            runs[-1] = before._replace(end=minute + QUARTER)
        else:
            runs.append(Run(day, shows, minute, minute + QUARTER))
    return first, runs


def in_minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


@dataclass
class Walker:
    """Has a byte for every minute of the window, 1 where the document says, word by word, that it is open."""

    first: datetime
    runs: list[Run]
    open: bytearray

    @classmethod
    def over(cls, raw: dict, middle: date) -> Walker:
        first, runs = wall_clock(raw["time_zone"], middle)
        of_day = {day: cls.minutes(raw, day) for day in {run.day for run in runs}}
        return cls(
            first,
            runs,
            bytearray().join(of_day[run.day][run.shows : run.shows + run.end - run.first] for run in runs),
        )

    @staticmethod
    def minutes(raw: dict, day: date) -> bytearray:
        text, name = day.isoformat(), DAYS[day.weekday()]
        periods = raw["weekly"].get(name, [])
        for special in raw["special"]:
            if special["from"] <= text <= special["to"]:
                periods = special["weekly"].get(name, [])
        if text in raw["days_off"]:
            periods = []
        for extra in raw["extra"]:
            if extra["date"] == text:
                periods = extra["hours"]
        found = bytearray(1440)
        for start, end in periods:
            found[in_minutes(start) : in_minutes(end)] = bytes([1]) * (in_minutes(end) - in_minutes(start))
        return found

    def minute_of(self, moment: datetime) -> int:
        return (moment - self.first) // MINUTE

    @property
    def last(self) -> datetime:
        return self.first + len(self.open) * MINUTE

    def open_ticks(self, start: datetime, end: datetime) -> int:
        """Open microseconds between two moments of the window."""
        begin, over = self.minute_of(start), -((self.first - end) // MINUTE)
        ticks = self.open.count(1, begin, over) * (MINUTE // TICK)
        if begin < over and self.open[begin]:  # what of its first minute was gone
            ticks -= (start - self.first - begin * MINUTE) // TICK
        if begin < over and self.open[over - 1]:  # what of its last minute is still to come
            ticks -= (self.first + over * MINUTE - end) // TICK
        return ticks

    def add(self, start: datetime, minutes: int) -> datetime | None:
        """The moment at which the amount is reached, None when that is after the window."""
        at = self.open.find(1, self.minute_of(start))
        if at < 0:
            return None
        begin = max(self.first + at * MINUTE, start)
        left = minutes * MINUTE
        while (rest := self.first + (at + 1) * MINUTE - begin) < left:
            left -= rest
            at = self.open.find(1, at + 1)
            if at < 0:
                return None
            begin = self.first + at * MINUTE
        return begin + left

    def closings(self) -> dict[date, datetime]:
        """Every working day of the window with the end of its last open minute."""
        found: dict[date, datetime] = {}
        for run in self.runs:
            minute = self.open.rfind(1, run.first, run.end)
            if minute >= 0:
                found[run.day] = self.first + (minute + 1) * MINUTE
        return dict(sorted(found.items()))

    def counting_day(self, start: datetime) -> date | None:
        """The day of the first open minute that is not over at start."""
        minute = self.open.find(1, self.minute_of(start))
        return next((run.day for run in self.runs if run.first <= minute < run.end), None)
