"""Changes of a calendar document, one at a time; each gives a new document. Rules without I/O.

Documents are kept in one order (days and periods by date), so that two that say the same are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeVar

import msgspec

from complaints_service.sla.calendar_document import (
    CalendarDocument,
    DayNote,
    ExtraDay,
    NoteKind,
    Period,
    SpecialPeriod,
    Week,
)
from complaints_service.sla.holiday_data import DayOffRow

T = TypeVar("T")


def in_order(document: CalendarDocument) -> CalendarDocument:
    """The same calendar with its days, periods and notes in order of date; a note without its day is left out."""
    days_off = tuple(sorted(set(document.days_off)))
    extra = tuple(sorted(document.extra, key=lambda each: each.date))
    known = {*days_off, *(each.date for each in extra)}
    return msgspec.structs.replace(
        document,
        days_off=days_off,
        extra=extra,
        special=tuple(sorted(document.special, key=lambda each: each.first)),
        notes={day: document.notes[day] for day in sorted(document.notes) if day in known},
    )


def with_day_closed(document: CalendarDocument, day: str, note: DayNote) -> CalendarDocument:
    """The office is closed on this day (ISO), whatever its week says."""
    plain = with_plain_day(document, day)
    changed = msgspec.structs.replace(plain, days_off=(*plain.days_off, day), notes={**plain.notes, day: note})
    return in_order(changed)


def with_day_open(document: CalendarDocument, day: str, hours: tuple[Period, ...], name: str) -> CalendarDocument:
    """The office is open on this day (ISO) for these hours, whatever its week says."""
    plain = with_plain_day(document, day)
    changed = msgspec.structs.replace(
        plain, extra=(*plain.extra, ExtraDay(day, hours)), notes={**plain.notes, day: DayNote(name, NoteKind.OFFICE)}
    )
    return in_order(changed)


def with_plain_day(document: CalendarDocument, day: str) -> CalendarDocument:
    """The day (ISO) follows its week again."""
    return in_order(
        msgspec.structs.replace(
            document,
            days_off=tuple(each for each in document.days_off if each != day),
            extra=tuple(each for each in document.extra if each.date != day),
        )
    )


def with_same_day(document: CalendarDocument, other: CalendarDocument, day: str) -> CalendarDocument:
    """The day (ISO) with the rule of its own that another calendar has for it, or none."""
    plain = with_plain_day(document, day)
    note = {day: other.notes[day]} if day in other.notes else {}
    return in_order(
        msgspec.structs.replace(
            plain,
            days_off=(*plain.days_off, *(each for each in other.days_off if each == day)),
            extra=(*plain.extra, *(each for each in other.extra if each.date == day)),
            notes={**plain.notes, **note},
        )
    )


def with_week(document: CalendarDocument, time_zone: str, weekly: Week) -> CalendarDocument:
    """Other weekly hours and another time zone."""
    return msgspec.structs.replace(document, time_zone=time_zone, weekly=weekly)


def with_special(document: CalendarDocument, first: str | None, special: SpecialPeriod | None) -> CalendarDocument:
    """The special period that begins on a day (ISO) replaced or (None) taken away; ``first`` None: another one added."""
    kept = tuple(each for each in document.special if each.first != first)
    added = () if special is None else (special,)
    return in_order(msgspec.structs.replace(document, special=(*kept, *added)))


class HolidayDifference(msgspec.Struct, frozen=True):
    """A day on which the list of the package and the calendar do not agree.

    ``listed``: the package names it and the calendar is not closed; otherwise the calendar is closed as a holiday and the package
    does not name it.
    """

    day: date
    name: str
    kind: NoteKind
    listed: bool
    estimated: bool = False


def holiday_differences(document: CalendarDocument, rows: Iterable[DayOffRow], year: int) -> list[HolidayDifference]:
    """Where the calendar and the package differ in a year, by date. Days that this office closed for itself are not compared."""
    closed = {*document.days_off, *(each.date for each in document.extra)}
    listed = {row.day.isoformat(): row for row in rows if row.day.year == year}
    found = [
        HolidayDifference(row.day, row.name, NoteKind(row.kind.value), listed=True, estimated=row.estimated)
        for iso, row in listed.items()
        if iso not in closed
    ]
    for iso in document.days_off:
        note = document.notes.get(iso, DayNote(kind=NoteKind.PUBLIC_HOLIDAY))
        if iso not in listed and note.kind is not NoteKind.OFFICE and date.fromisoformat(iso).year == year:
            found.append(HolidayDifference(date.fromisoformat(iso), note.name, note.kind, listed=False))
    return sorted(found, key=lambda each: each.day)


def with_taken_over(
    document: CalendarDocument, differences: Iterable[HolidayDifference], days: Iterable[str]
) -> CalendarDocument:
    """The calendar with the package's word on these days (ISO): closed where it names them, open as usual where it does not."""
    wanted = set(days)
    for each in differences:
        iso = each.day.isoformat()
        if iso in wanted:
            note = DayNote(each.name, each.kind)
            document = with_day_closed(document, iso, note) if each.listed else with_plain_day(document, iso)
    return document


def merged(base: CalendarDocument, mine: CalendarDocument, theirs: CalendarDocument) -> CalendarDocument:
    """My changes since ``base`` on top of what somebody else has published since; where both changed the same place, mine count."""
    week = {
        name: _choose(getattr(base.weekly, name), getattr(mine.weekly, name), getattr(theirs.weekly, name))
        for name in msgspec.structs.asdict(base.weekly)
    }
    days_off = _merged_map(*({day: day for day in each.days_off} for each in (base, mine, theirs)))
    extra = _merged_map(*({day.date: day for day in each.extra} for each in (base, mine, theirs)))
    special = _merged_map(*({each.first: each for each in one.special} for one in (base, mine, theirs)))
    return in_order(
        CalendarDocument(
            time_zone=_choose(base.time_zone, mine.time_zone, theirs.time_zone),
            weekly=Week(**week),
            days_off=tuple(days_off),
            extra=tuple(extra.values()),
            special=tuple(special.values()),
            notes=_merged_map(base.notes, mine.notes, theirs.notes),
        )
    )


def _choose(base: T, mine: T, theirs: T) -> T:
    return theirs if mine == base else mine


def _merged_map(base: Mapping[str, T], mine: Mapping[str, T], theirs: Mapping[str, T]) -> dict[str, T]:
    found: dict[str, T] = {}
    for key in sorted({*base, *mine, *theirs}):
        value = _choose(base.get(key), mine.get(key), theirs.get(key))
        if value is not None:
            found[key] = value
    return found
