"""Why this date? The computation of a deadline as steps that a person can follow.

A step holds facts only (what, which day, how much); calendar_words puts them into a language. Long
computations name runs of days instead of each day, so that 60 working days are some 25 lines and not 85.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.sla.calendar_document import DayKind, OpeningHours
from complaints_service.sla.calendar_table import MINUTE, as_utc, micros

LISTED_DAYS = 14
"""Up to so many working days each has a step of its own."""


class StepKey(StrEnum):
    """What a step says; the message of each stands in calendar_words."""

    RECEIVED = "received"
    COUNTS_FROM = "counts_from"
    CLOCK_STARTS = "clock_starts"
    CLOSED = "closed"
    CLOSED_DAYS = "closed_days"
    DAY_OFF = "day_off"
    DAYS_OFF = "days_off"
    WORKING_DAY = "working_day"
    WORKING_DAYS = "working_days"
    MINUTES_OF_DAY = "minutes_of_day"
    MINUTES_OF_DAYS = "minutes_of_days"
    DUE = "due"


class Step(msgspec.Struct, frozen=True):
    """One step: when it happened (UTC), what it says, and its facts (ISO days, times in the office's zone).

    `values["years"]` is "shown" when the computation leaves the year it began in.
    """

    at: datetime
    key: StepKey
    values: dict[str, str]


class CountedDay(msgspec.Struct, frozen=True):
    """A working day of a computation: number from 1, date, when it was over, minutes counted, left."""

    number: int
    day: date
    over: datetime
    minutes: int = 0
    left: int = 0


class Calendar(Protocol):
    """What the explanation asks of the working calendar."""

    hours: OpeningHours
    time_zone: ZoneInfo

    def add_minutes(self, start: datetime, minutes: int) -> datetime: ...
    def next_open(self, at: datetime) -> datetime: ...
    def is_open(self, at: datetime) -> bool: ...
    def open_time_between(self, start: datetime, end: datetime) -> int: ...
    def working_days_between(self, start: datetime, end: datetime) -> int: ...
    def working_days_after(self, start: datetime, days: int) -> list[tuple[date, datetime]]: ...


def steps_of_working_days(calendar: Calendar, start: datetime, days: int) -> list[Step]:
    """Received; what day that counts for; every working day and every closed day between; due."""
    (counting, counting_over), *following = calendar.working_days_after(start, days)
    telling = _Telling(calendar, start, following[-1][1] if following else counting_over)
    telling.received()
    if counting != telling.received_on:
        telling.closed_days(telling.received_on, counting)
        telling.tell(calendar.next_open(start), StepKey.COUNTS_FROM, day=counting.isoformat())
    counted = [CountedDay(number, day, over) for number, (day, over) in enumerate(following, 1)]
    telling.counted_days(counting, counted, StepKey.WORKING_DAY, StepKey.WORKING_DAYS)
    return telling.due()


def steps_of_minutes(calendar: Calendar, start: datetime, minutes: int) -> list[Step]:
    """Received; when the clock started; the minutes of every working day, every closed day between; due."""
    due = calendar.add_minutes(start, minutes)
    telling = _Telling(calendar, start, due)
    telling.received()
    before = telling.received_on
    if not calendar.is_open(start):
        starts = calendar.next_open(start)
        local = starts.astimezone(calendar.time_zone)
        telling.closed_days(before, local.date())
        telling.tell(starts, StepKey.CLOCK_STARTS, day=local.date().isoformat(), time=local.strftime("%H:%M"))
        before = max(before, local.date() - timedelta(days=1))
    if minutes:
        counted = list(_days_counted(calendar, start, due, minutes))
        telling.counted_days(before, counted, StepKey.MINUTES_OF_DAY, StepKey.MINUTES_OF_DAYS)
    return telling.due()


def _days_counted(calendar: Calendar, start: datetime, due: datetime, minutes: int) -> Iterator[CountedDay]:
    """The working days the amount is spread over. What is left is rounded up, so that the days add up."""
    closed_before = calendar.working_days_between(start, due - timedelta(microseconds=1))
    days = calendar.working_days_after(start, closed_before)
    left_before, begin = minutes, start
    open_left = minutes * MINUTE
    for number, (day, closing) in enumerate(days, 1):
        over = min(closing, due)
        open_left -= calendar.open_time_between(begin, over)
        left = -(-open_left // MINUTE)
        yield CountedDay(number, day, over, left_before - left, left)
        left_before, begin = left, over


class _Telling:
    """Collects the steps of one computation."""

    def __init__(self, calendar: Calendar, start: datetime, due: datetime) -> None:
        self._zone = calendar.time_zone
        self._hours = calendar.hours
        self._start = start.astimezone(self._zone)
        self._due = due.astimezone(self._zone)
        self._years = {"years": "shown"} if self._start.year != self._due.year else {}
        self._steps: list[Step] = []
        self.received_on = self._start.date()

    def tell(self, at: datetime, key: StepKey, **values: str) -> None:
        self._steps.append(Step(at, key, values | self._years))

    def received(self) -> None:
        self._tell_moment(self._start, StepKey.RECEIVED)

    def due(self) -> list[Step]:
        self._tell_moment(self._due, StepKey.DUE)
        return self._steps

    def counted_days(self, before: date, counted: list[CountedDay], one: StepKey, several: StepKey) -> None:
        """Tells the days, and between them the closed ones; long computations by runs of adjoining days."""
        runs: list[list[CountedDay]] = []
        for day in counted:
            adjoins = runs and day.day - runs[-1][-1].day == timedelta(days=1)
            if adjoins and len(counted) > LISTED_DAYS:
                runs[-1].append(day)
            else:
                runs.append([day])
        for run in runs:
            first, last = run[0], run[-1]
            self.closed_days(before + timedelta(days=1), first.day)
            values = {"number": str(first.number), "day": first.day.isoformat()}
            if one is StepKey.MINUTES_OF_DAY:
                values |= {"minutes": str(sum(day.minutes for day in run)), "left": str(last.left)}
            if len(run) == 1:
                self.tell(last.over, one, **values)
            else:
                until = {"until": last.day.isoformat(), "last": str(last.number)}
                self.tell(last.over, several, **values, **until)
            before = last.day

    def closed_days(self, first: date, before: date) -> None:
        """Tells the days without hours from `first` until the day before `before`, by runs of one reason."""
        days = [date.fromordinal(day) for day in range(first.toordinal(), before.toordinal())]
        closed = [day for day in days if not self._hours.on(day.toordinal())]
        cuts = [0, *(i for i, (a, b) in enumerate(pairwise(closed), 1) if not self._alike(a, b)), len(closed)]
        for begin, end in pairwise(cuts):
            self._tell_closed(closed[begin:end])

    def _tell_closed(self, run: list[date]) -> None:
        if not run:
            return
        at = as_utc(micros(datetime.combine(run[0], time(), self._zone)))
        off = self._is_off(run[0])
        if len(run) == 1:
            self.tell(at, StepKey.DAY_OFF if off else StepKey.CLOSED, day=run[0].isoformat())
        else:
            key = StepKey.DAYS_OFF if off else StepKey.CLOSED_DAYS
            self.tell(at, key, day=run[0].isoformat(), until=run[-1].isoformat())

    def _alike(self, day: date, next_day: date) -> bool:
        return next_day - day == timedelta(days=1) and self._is_off(day) == self._is_off(next_day)

    def _is_off(self, day: date) -> bool:
        return self._hours.kind_of(day.toordinal()) is DayKind.DAY_OFF

    def _tell_moment(self, at: datetime, key: StepKey) -> None:
        self.tell(as_utc(micros(at)), key, day=at.date().isoformat(), time=at.strftime("%H:%M"))
