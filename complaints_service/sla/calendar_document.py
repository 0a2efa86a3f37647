"""The working calendar as a person writes it down: the JSON called CAL in docs/api.md.

A document is only text that has the right shape; `read_hours` is what makes sure of its meaning, and it
names every problem at once, so that an administrator corrects a form once and not line by line.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

Period = tuple[str, str]
Periods = Annotated[tuple[Period, ...], msgspec.Meta(max_length=48)]
Minutes = tuple[int, int]
"""Opening and closing in minutes after local midnight; closing 1440 is the end of the day."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NO_ZONE = re.compile(r"(posix|right)/|localtime$|posixrules$|Factory$")


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Week(_Part, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Hours of each day of the week in local time; a day that is absent is closed."""

    mon: Periods = ()
    tue: Periods = ()
    wed: Periods = ()
    thu: Periods = ()
    fri: Periods = ()
    sat: Periods = ()
    sun: Periods = ()


class SpecialPeriod(_Part, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Days, both ends included, with a week of their own (Ramadan); ``name`` is only for people."""

    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    weekly: Week
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""


class ExtraDay(_Part, frozen=True, forbid_unknown_fields=True):
    """The hours of one day, whatever else is said of it; without hours the day is closed."""

    date: str
    hours: Periods


class NoteKind(StrEnum):
    """Why a single day differs from its week."""

    PUBLIC_HOLIDAY = "public_holiday"
    COLLECTIVE_LEAVE = "collective_leave"
    OFFICE = "office"


class DayNote(_Part, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What people call a day of `days_off` or `extra`; it decides nothing."""

    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    kind: NoteKind = NoteKind.OFFICE


class CalendarDocument(_Part, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """CAL: `extra` beats `days_off` beats `special` beats `weekly`; `notes` names days and decides nothing."""

    time_zone: str
    weekly: Week = Week()
    days_off: Annotated[tuple[str, ...], msgspec.Meta(max_length=4000)] = ()
    special: Annotated[tuple[SpecialPeriod, ...], msgspec.Meta(max_length=400)] = ()
    extra: Annotated[tuple[ExtraDay, ...], msgspec.Meta(max_length=4000)] = ()
    notes: Annotated[dict[str, DayNote], msgspec.Meta(max_length=8000)] = {}


class ProblemCode(StrEnum):
    """What can be wrong with a calendar; the words stand in the catalogue `calendar`."""

    WRONG_SHAPE = "wrong_shape"
    UNKNOWN_ZONE = "unknown_zone"
    BAD_TIME = "bad_time"
    BAD_DATE = "bad_date"
    END_NOT_AFTER_START = "end_not_after_start"
    END_BEFORE_START = "end_before_start"
    OVERLAPPING_PERIODS = "overlapping_periods"
    OVERLAPPING_SPECIALS = "overlapping_specials"
    DATE_TWICE = "date_twice"
    NEVER_OPEN = "never_open"


class Problem(msgspec.Struct, frozen=True):
    """One thing to correct: `pointer` is the JSON pointer (RFC 6901) of the place inside CAL."""

    pointer: str
    code: ProblemCode
    values: dict[str, str] = {}


class CalendarError(ValueError):
    """The document cannot be a calendar; `problems` holds all that is wrong, never none."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(f"{problem.code} at {problem.pointer or '/'}" for problem in problems))
        self.problems = problems


class DayKind(StrEnum):
    """Which part of the document decides about a day."""

    WEEKLY = "weekly"
    SPECIAL = "special"
    DAY_OFF = "day_off"
    EXTRA = "extra"


WeekHours = tuple[tuple[Minutes, ...], ...]


class SpecialHours(msgspec.Struct, frozen=True):
    """A special period read: first and last day as ordinals, both included."""

    first: int
    last: int
    week: WeekHours


class OpeningHours(msgspec.Struct, frozen=True):
    """A document whose every word was understood. Days are Gregorian ordinals (`date.toordinal`)."""

    zone: ZoneInfo
    week: WeekHours
    specials: tuple[SpecialHours, ...]
    days_off: frozenset[int]
    extra: dict[int, tuple[Minutes, ...]]

    def kind_of(self, day: int) -> DayKind:
        """The part that decides about this day."""
        if day in self.extra:
            return DayKind.EXTRA
        if day in self.days_off:
            return DayKind.DAY_OFF
        if any(special.first <= day <= special.last for special in self.specials):
            return DayKind.SPECIAL
        return DayKind.WEEKLY

    def on(self, day: int) -> tuple[Minutes, ...]:
        """The periods of this day by the wall clock, in order, none touching the one before it backwards."""
        if day in self.extra:
            return self.extra[day]
        if day in self.days_off:
            return ()
        return self.without_single_days(day)

    def without_single_days(self, day: int) -> tuple[Minutes, ...]:
        """The periods of this day if nothing were said of it alone: those of its special period, else of its week."""
        for special in self.specials:
            if special.first <= day <= special.last:
                return special.week[(day - 1) % 7]
        return self.week[(day - 1) % 7]


def document_from(raw: object) -> CalendarDocument:
    """The document held by decoded JSON. Raises CalendarError (`wrong_shape`) for any other shape."""
    try:
        return msgspec.convert(raw, CalendarDocument)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        pointer = re.sub(r"[.\[]+", "/", place.rstrip("`").replace("]", ""))
        raise CalendarError([Problem(pointer, ProblemCode.WRONG_SHAPE, {"reason": message})]) from error


def read_hours(document: CalendarDocument) -> OpeningHours:
    """What the document says, ready to be asked day by day. Raises CalendarError with all its problems."""
    reader = _Reader()
    zone = reader.zone(document.time_zone)
    week = reader.week(document.weekly, "/weekly")
    days_off = [reader.day(text, f"/days_off/{place}") for place, text in enumerate(document.days_off)]
    specials = reader.specials(document.special)
    extra = reader.extra(document.extra)
    for text in document.notes:
        reader.day(text, "/notes")
    if reader.problems or zone is None:
        raise CalendarError(reader.problems)
    return OpeningHours(zone, week, specials, frozenset(day for day in days_off if day is not None), extra)


class _Reader:
    """Reads the parts of one document and keeps a list of what it could not read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def refuse(self, pointer: str, code: ProblemCode, **values: str) -> None:
        self.problems.append(Problem(pointer, code, values))

    def zone(self, name: str) -> ZoneInfo | None:
        # OSError: a folder of the zone database ("Asia") is not a zone, nor is a name too long for a file.
        try:
            if not _NO_ZONE.match(name):
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
        self.refuse("/time_zone", ProblemCode.UNKNOWN_ZONE, zone=name)
        return None

    def day(self, text: str, pointer: str) -> int | None:
        try:
            if _DATE.fullmatch(text):  # fromisoformat alone also takes 20261225 and 2026-W52-5
                return date.fromisoformat(text).toordinal()
        except ValueError:
            pass
        self.refuse(pointer, ProblemCode.BAD_DATE, date=text)
        return None

    def time(self, text: str, pointer: str, *, closing: bool) -> int | None:
        if closing and text == "24:00":
            return 24 * 60
        found = _TIME.fullmatch(text)
        if found is None:
            self.refuse(pointer, ProblemCode.BAD_TIME, time=text)
            return None
        return int(found[1]) * 60 + int(found[2])

    def periods(self, texts: tuple[Period, ...], pointer: str) -> tuple[Minutes, ...]:
        read: list[tuple[int, int, int]] = []
        for place, (opening, closing) in enumerate(texts):
            opens = self.time(opening, f"{pointer}/{place}/0", closing=False)
            closes = self.time(closing, f"{pointer}/{place}/1", closing=True)
            if opens is None or closes is None:
                continue
            if closes <= opens:
                code = ProblemCode.END_NOT_AFTER_START
                self.refuse(f"{pointer}/{place}", code, start=opening, end=closing)
                continue
            read.append((opens, closes, place))
        read.sort()
        latest = 0
        for opens, closes, place in read:
            if opens < latest:
                start, end = texts[place]
                self.refuse(f"{pointer}/{place}", ProblemCode.OVERLAPPING_PERIODS, start=start, end=end)
            latest = max(latest, closes)
        return tuple((opens, closes) for opens, closes, _ in read)

    def week(self, week: Week, pointer: str) -> WeekHours:
        by_name: dict[str, tuple[Period, ...]] = {
            "mon": week.mon, "tue": week.tue, "wed": week.wed, "thu": week.thu,
            "fri": week.fri, "sat": week.sat, "sun": week.sun,
        }  # fmt: skip
        return tuple(self.periods(by_name[name], f"{pointer}/{name}") for name in DAYS)

    def specials(self, specials: tuple[SpecialPeriod, ...]) -> tuple[SpecialHours, ...]:
        read: list[tuple[int, int, int, WeekHours]] = []
        for place, special in enumerate(specials):
            pointer = f"/special/{place}"
            first = self.day(special.first, f"{pointer}/from")
            last = self.day(special.last, f"{pointer}/to")
            week = self.week(special.weekly, f"{pointer}/weekly")
            if first is None or last is None:
                continue
            if last < first:
                self.refuse(pointer, ProblemCode.END_BEFORE_START, start=special.first, end=special.last)
                continue
            read.append((first, last, place, week))
        read.sort()
        latest = 0
        for first, last, place, _ in read:
            if first <= latest:
                start, end = specials[place].first, specials[place].last
                self.refuse(f"/special/{place}", ProblemCode.OVERLAPPING_SPECIALS, start=start, end=end)
            latest = max(latest, last)
        return tuple(SpecialHours(first, last, week) for first, last, _, week in read)

    def extra(self, days: tuple[ExtraDay, ...]) -> dict[int, tuple[Minutes, ...]]:
        read: dict[int, tuple[Minutes, ...]] = {}
        for place, extra in enumerate(days):
            day = self.day(extra.date, f"/extra/{place}/date")
            hours = self.periods(extra.hours, f"/extra/{place}/hours")
            if day is None:
                continue
            if day in read:
                self.refuse(f"/extra/{place}/date", ProblemCode.DATE_TWICE, date=extra.date)
            read[day] = hours
        return read
