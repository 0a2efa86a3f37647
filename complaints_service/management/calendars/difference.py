"""What differs between two calendars, in words: zone, week, special periods, single days. No I/O."""

from __future__ import annotations

from datetime import date
from itertools import groupby

import msgspec
from babel.dates import format_date

from complaints_service.i18n import translate
from complaints_service.management.calendars.hours_text import minutes_written, written
from complaints_service.management.calendars.year import Day, Look, day_of
from complaints_service.sla.calendar_document import DAYS, CalendarDocument, Period, SpecialPeriod, Week, read_hours

LOOK_LABELS = {
    Look.OPEN: "open",
    Look.WEEKEND: "closed",
    Look.HOLIDAY: "public holiday",
    Look.LEAVE: "collective leave",
    Look.CLOSED: "closed by the office",
    Look.SPECIAL: "special hours",
    Look.EXTRA: "opened by the office",
}
PART_WORDS = {
    "zone": "Time zone",
    "week": "Weekly hours",
    "special": "Special period",
    "day": "Single day",
    "confirmed": "Holidays confirmed until",
}


class Change(msgspec.Struct, frozen=True):
    """One difference: which part, where in it, and what was and will be there, in words. ``day``: of a single day (ISO)."""

    part: str
    where: str
    before: str
    after: str
    day: str = ""


def changes(
    before: CalendarDocument,
    after: CalendarDocument,
    language: str,
    confirmed: tuple[date, date] | None = None,
) -> list[Change]:
    """Every difference, in the order of the document. Both must be calendars that ``read_hours`` takes.

    ``confirmed``: until when the holidays were and will be confirmed.
    """
    found: list[Change] = []

    def part(name: str) -> str:
        return translate(language, PART_WORDS[name])

    if before.time_zone != after.time_zone:
        found.append(Change(part("zone"), "", before.time_zone, after.time_zone))
    found += [
        Change(part("week"), weekday(place, language), _hours(old, language), _hours(new, language))
        for place, old, new in _week_days(before.weekly, after.weekly)
    ]
    found += _special_changes(before, after, language)
    found += _day_changes(before, after, language)
    if confirmed is not None and confirmed[0] != confirmed[1]:
        found.append(Change(part("confirmed"), "", day_text(confirmed[0], language), day_text(confirmed[1], language)))
    return found


def weekday(place: int, language: str) -> str:
    """The name of a day of the week; 0 is Monday."""
    return format_date(date(2024, 1, 1 + place), "EEEE", locale=_locale(language))


def day_text(day: date, language: str) -> str:
    """ "Jumat, 25 Desember 2026"."""
    return format_date(day, "EEEE, d MMMM y", locale=_locale(language))


def look_text(day: Day, language: str) -> str:
    """What a day is: "libur nasional: Hari Natal", "buka 07.30–12.00, 13.00–16.00"."""
    label = translate(language, LOOK_LABELS[day.look])
    told = f"{label} {minutes_written(day.hours, language)}" if day.hours else label
    named = f"{told}: {day.name}" if day.name else told
    return translate(language, "{what} (estimate)", what=named) if day.estimated else named


def special_text(special: SpecialPeriod, language: str) -> str:
    """A special period's days and hours."""
    hours: list[str] = []
    for periods, alike in groupby(range(7), lambda place: _periods(special.weekly, DAYS[place])):
        places = list(alike)
        if periods:
            days = " – ".join(weekday(place, language) for place in dict.fromkeys((places[0], places[-1])))
            hours.append(f"{days} {written(periods, language)}")
    last = day_text(date.fromisoformat(special.last), language)
    return f"{day_text(date.fromisoformat(special.first), language)} – {last}: " + (
        "; ".join(hours) or translate(language, "closed")
    )


def _special_changes(before: CalendarDocument, after: CalendarDocument, language: str) -> list[Change]:
    olds, news = ({each.first: each for each in one.special} for one in (before, after))
    return [
        Change(
            translate(language, PART_WORDS["special"]),
            (new or old or SpecialPeriod(first, first, Week())).name,
            special_text(old, language) if old else "–",
            special_text(new, language) if new else "–",
        )
        for first in sorted({*olds, *news})
        if (old := olds.get(first)) != (new := news.get(first))
    ]


def _day_changes(before: CalendarDocument, after: CalendarDocument, language: str) -> list[Change]:
    """Days with a rule of their own in one of the two, where what they are is not the same."""
    old_hours, new_hours = read_hours(before), read_hours(after)
    single = [
        {*document.days_off, *(each.date for each in document.extra), *document.notes} for document in (before, after)
    ]
    found: list[Change] = []
    for iso in sorted(single[0] | single[1]):
        if not _touched(before, after, iso):
            continue
        day = date.fromisoformat(iso)
        old, new = day_of(before, old_hours, day), day_of(after, new_hours, day)
        if old != new:
            where = day_text(day, language)
            found.append(
                Change(
                    translate(language, PART_WORDS["day"]),
                    where,
                    look_text(old, language),
                    look_text(new, language),
                    iso,
                )
            )
    return found


def _touched(before: CalendarDocument, after: CalendarDocument, iso: str) -> bool:
    """Whether the documents say different things of this very day (a changed week alone is told once, not for each day)."""

    def said(document: CalendarDocument) -> tuple[object, ...]:
        hours = next((each.hours for each in document.extra if each.date == iso), None)
        return iso in document.days_off, hours, document.notes.get(iso)

    return said(before) != said(after)


def _week_days(before: Week, after: Week) -> list[tuple[int, tuple[Period, ...], tuple[Period, ...]]]:
    pairs = [(place, _periods(before, name), _periods(after, name)) for place, name in enumerate(DAYS)]
    return [(place, old, new) for place, old, new in pairs if old != new]


def _periods(week: Week, name: str) -> tuple[Period, ...]:
    found: tuple[Period, ...] = getattr(week, name)
    return found


def _hours(periods: tuple[Period, ...], language: str) -> str:
    return written(periods, language) or translate(language, "closed")


def _locale(language: str) -> str:
    return "id_ID" if language == "id" else "en_GB"
