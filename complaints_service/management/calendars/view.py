"""The calendar's pages as their templates take them: words, links, cells. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date

from complaints_service.i18n import translate
from complaints_service.management.calendars.click import opens_by_click
from complaints_service.management.calendars.difference import (
    LOOK_LABELS,
    Change,
    changes,
    day_text,
    look_text,
    special_text,
    weekday,
)
from complaints_service.management.calendars.edit import HolidayDifference, in_order
from complaints_service.management.calendars.hours_text import written
from complaints_service.management.calendars.model import Draft, Version
from complaints_service.management.calendars.year import FIRST_YEAR, LAST_YEAR, Day, Look, day_of, year_of
from complaints_service.office.model import Office
from complaints_service.sla.calendar_document import DAYS, CalendarDocument, NoteKind, SpecialPeriod, Week, read_hours

ZONES = ("Asia/Jakarta", "Asia/Pontianak", "Asia/Makassar", "Asia/Jayapura")
"""Offered first; any other name of the IANA database is taken too."""
KIND_LABELS = {
    NoteKind.OFFICE: "closed by this office",
    NoteKind.PUBLIC_HOLIDAY: "public holiday",
    NoteKind.COLLECTIVE_LEAVE: "collective leave",
}


class Cell(msgspec.Struct, frozen=True):
    """One day of the year's table; ``tip``: what it is, read aloud and shown beside the pointer; ``click``: a click changes it."""

    iso: str
    number: int
    look: str
    tip: str
    today: bool
    changed: bool
    click: bool


class MonthTable(msgspec.Struct, frozen=True):
    """One month; ``weeks`` from Monday."""

    id: str
    name: str
    weeks: tuple[tuple[Cell | None, ...], ...]


class NamedDay(msgspec.Struct, frozen=True):
    """A line of the list below the year."""

    iso: str
    day: str
    what: str
    look: str


class SpecialRow(msgspec.Struct, frozen=True):
    """A special period of the list."""

    first: str
    name: str
    text: str


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the history; ``newest`` is the one that counts now."""

    version: int
    at: datetime
    who: str
    why: str
    applies_to_open: bool
    newest: bool


class HolidayRow(msgspec.Struct, frozen=True):
    """A day on which the package and the calendar differ."""

    iso: str
    day: str
    name: str
    what: str
    listed: bool


def today_of(document: CalendarDocument, at: datetime) -> date:
    """The office's day at this moment."""
    return at.astimezone(ZoneInfo(document.time_zone)).date()


def asked_year(text: str | None, today: date) -> int:
    """The year that an address asks for; anything else is this year."""
    if (
        text is not None
        and text.isascii()
        and text.isdigit()
        and len(text) == 4
        and FIRST_YEAR <= int(text) <= LAST_YEAR
    ):
        return int(text)
    return today.year


def year_page(shown: Draft, published: Version, number: int, today: date, language: str) -> dict[str, object]:
    """A year of ``shown`` (a draft, or a version as one), what differs from ``published`` marked."""
    document = shown.document
    hours, old_hours = read_hours(document), read_hours(published.document)
    year = year_of(document, hours, number)
    months: list[MonthTable] = []
    for month in year.months:
        weeks = tuple(
            tuple(
                None
                if day is None
                else _cell(
                    day,
                    language,
                    today=day.day == today,
                    changed=day_of(published.document, old_hours, day.day) != day,
                    click=opens_by_click(hours, day.day),
                )
                for day in week
            )
            for week in month.weeks
        )
        name = format_date(month.first, "LLLL", locale=_locale(language))
        months.append(MonthTable(f"m{month.first.month}", name, weeks))
    return {
        "year": number,
        "at_hand": today if today.year == number else date(number, 1, 1),
        "previous_year": number - 1 if number > FIRST_YEAR else None,
        "next_year": number + 1 if number < LAST_YEAR else None,
        "months": months,
        "weekdays": [
            (weekday(place, language), format_date(date(2024, 1, 1 + place), "EEEEEE", locale=_locale(language)))
            for place in range(7)
        ],
        "named": [
            NamedDay(day.day.isoformat(), day_text(day.day, language), look_text(day, language), day.look.value)
            for day in year.named
        ],
        "specials": special_rows(document, language),
        "week": week_rows(document.weekly, language),
        "open_days": year.open_days,
        "open_hours": round(year.open_minutes / 60),
        "unconfirmed": number > shown.confirmed_through.year,
        "confirmed_through": shown.confirmed_through,
        "time_zone": document.time_zone,
        "legend": [
            (look.value, translate(language, LOOK_LABELS[look]))
            for look in (Look.OPEN, Look.SPECIAL, Look.EXTRA, Look.WEEKEND, Look.HOLIDAY, Look.LEAVE, Look.CLOSED)
        ],
    }


def _cell(day: Day, language: str, *, today: bool, changed: bool, click: bool) -> Cell:
    tip = f"{day_text(day.day, language)}: {look_text(day, language)}"
    if today:
        tip = translate(language, "{what} (today)", what=tip)
    if changed:
        tip = translate(language, "{what} (changed in the draft)", what=tip)
    return Cell(day.day.isoformat(), day.day.day, day.look.value, tip, today, changed, click)


def week_rows(week: Week, language: str) -> list[tuple[str, str, str]]:
    """Each day of a week: its key, its name, its hours (closed: nothing)."""
    return [(name, weekday(place, language), written(getattr(week, name), language)) for place, name in enumerate(DAYS)]


def special_rows(document: CalendarDocument, language: str) -> list[SpecialRow]:
    """The special periods, the earliest first."""
    ordered = sorted(document.special, key=lambda each: each.first)
    return [
        SpecialRow(each.first, each.name or translate(language, "Special hours"), special_text(each, language))
        for each in ordered
    ]


def day_page(draft: Draft, day: date, words: Mapping[str, str], language: str) -> dict[str, object]:
    """The form of one day, with what was sent before where it was wrong."""
    document = draft.document
    found = day_of(document, read_hours(document), day)
    iso = day.isoformat()
    closed = iso in document.days_off or found.look is Look.CLOSED
    act = "open" if found.look is Look.EXTRA else "close" if closed else "usual"
    note = document.notes.get(iso)
    kind = note.kind if note else NoteKind.PUBLIC_HOLIDAY if found.look is Look.HOLIDAY else NoteKind.OFFICE
    hours = next((written(each.hours, language) for each in document.extra if each.date == iso), "")
    usual = written(getattr(document.weekly, DAYS[day.weekday()]), language)
    given = {"act": act, "name": found.name if act != "usual" else "", "kind": kind.value, "hours": hours or usual}
    return {
        "iso": iso,
        "day_text": day_text(day, language),
        "now_text": look_text(found, language),
        "given": {**given, **words},
        "kinds": [(each.value, translate(language, label)) for each, label in KIND_LABELS.items()],
        "year": day.year,
    }


def week_page(draft: Draft, words: Mapping[str, str], language: str) -> dict[str, object]:
    """The form of the weekly hours."""
    rows = week_rows(draft.document.weekly, language)
    given = {name: hours for name, _, hours in rows} | {
        "time_zone": draft.document.time_zone,
        "confirmed_through": draft.confirmed_through.isoformat(),
    }
    return {"days": [(name, label) for name, label, _ in rows], "given": {**given, **words}, "zones": ZONES}


def special_page(special: SpecialPeriod, words: Mapping[str, str], language: str) -> dict[str, object]:
    """The form of a special period."""
    rows = week_rows(special.weekly, language)
    given = {name: hours for name, _, hours in rows} | {
        "name": special.name,
        "from": special.first,
        "to": special.last,
    }
    return {"days": [(name, label) for name, label, _ in rows], "given": {**given, **words}}


def holidays_page(differences: list[HolidayDifference], year: int, language: str) -> dict[str, object]:
    """Where the package and the calendar differ in a year."""
    rows: list[HolidayRow] = []
    for each in differences:
        what = translate(language, KIND_LABELS[each.kind])
        if each.estimated:
            what = translate(language, "{what} (estimate)", what=what)
        rows.append(HolidayRow(each.day.isoformat(), day_text(each.day, language), each.name or "–", what, each.listed))
    return {"rows": rows, "year": year}


def change_rows(before: Version, after: Draft, language: str) -> list[Change]:
    """What a draft changes against a version."""
    return changes(
        in_order(before.document),
        in_order(after.document),
        language,
        (before.confirmed_through, after.confirmed_through),
    )


def version_rows(versions: list[Version], office: Office, language: str) -> list[VersionRow]:
    """The history, the newest first."""
    return [
        VersionRow(
            version=each.version,
            at=each.created_at,
            who=who(office, each.created_by, language),
            why=each.why,
            applies_to_open=each.applies_to_open,
            newest=place == 0,
        )
        for place, each in enumerate(versions)
    ]


def who(office: Office, person_id: int | None, language: str) -> str:
    """The name of who did it; the installation has none."""
    person = office.people.get(person_id) if person_id is not None else None
    return person.name if person is not None else translate(language, "installation")


def as_draft(version: Version) -> Draft:
    """A version as something to look at or to begin from."""
    return Draft(base=version.version, document=version.document, confirmed_through=version.confirmed_through)


def _locale(language: str) -> str:
    return "id_ID" if language == "id" else "en_GB"
