"""Public holidays, collective leave and Ramadan as rows to seed an office's calendar with.

They are a proposal: once seeded, the rows belong to the administrator, who corrects what a decree moves.
Holidays come from the package `holidays` (country ID), office hours from Perpres 21/2023 (DOMAIN.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

import holidays
import msgspec
from holidays.constants import GOVERNMENT, PUBLIC

from complaints_service.sla.calendar_document import CalendarDocument, DayNote, NoteKind, Period, SpecialPeriod, Week

SEEDED_YEARS = (2025, 2026, 2027, 2028)
OFFICE_ZONE = "Asia/Jakarta"

_MON_TO_THU: tuple[Period, ...] = (("07:30", "12:00"), ("13:00", "16:00"))
_FRI: tuple[Period, ...] = (("07:30", "11:30"), ("13:00", "16:30"))
_RAMADAN_MON_TO_THU: tuple[Period, ...] = (("08:00", "12:00"), ("12:30", "15:00"))
_RAMADAN_FRI: tuple[Period, ...] = (("08:00", "11:30"), ("12:30", "15:30"))

OFFICE_WEEK = Week(mon=_MON_TO_THU, tue=_MON_TO_THU, wed=_MON_TO_THU, thu=_MON_TO_THU, fri=_FRI)
"""37.5 hours."""

RAMADAN_WEEK = Week(
    mon=_RAMADAN_MON_TO_THU,
    tue=_RAMADAN_MON_TO_THU,
    wed=_RAMADAN_MON_TO_THU,
    thu=_RAMADAN_MON_TO_THU,
    fri=_RAMADAN_FRI,
)
"""32.5 hours."""


class DayOffKind(StrEnum):
    """Why the office is closed."""

    PUBLIC_HOLIDAY = "public_holiday"
    COLLECTIVE_LEAVE = "collective_leave"


class DayOffRow(msgspec.Struct, frozen=True):
    """A day off with its Indonesian name; `estimated` when the moon has still to confirm it."""

    day: date
    name: str
    kind: DayOffKind
    estimated: bool


class RamadanRow(msgspec.Struct, frozen=True):
    """The fasting month, both ends included; `estimated` until the ministry has fixed its first day."""

    first: date
    last: date
    estimated: bool


_RAMADAN = {
    row.first.year: row
    for row in (
        RamadanRow(date(2025, 3, 1), date(2025, 3, 30), estimated=False),
        RamadanRow(date(2026, 2, 19), date(2026, 3, 20), estimated=False),
        RamadanRow(date(2027, 2, 8), date(2027, 3, 9), estimated=True),
        RamadanRow(date(2028, 1, 28), date(2028, 2, 26), estimated=True),
    )
}

_ESTIMATED = " (perkiraan)"


def day_off_rows(years: Iterable[int] = SEEDED_YEARS) -> list[DayOffRow]:
    """Days off of these years in order of date; a public holiday hides a collective leave on the same day."""
    asked = sorted(set(years))
    rows: dict[date, DayOffRow] = {}
    for category, kind in ((GOVERNMENT, DayOffKind.COLLECTIVE_LEAVE), (PUBLIC, DayOffKind.PUBLIC_HOLIDAY)):
        found = holidays.country_holidays("ID", years=asked, categories=(category,), language="id")
        for day, name in found.items():
            rows[day] = DayOffRow(day, name.replace(_ESTIMATED, ""), kind, _ESTIMATED in name)
    return [rows[day] for day in sorted(rows)]


def ramadan_rows(years: Iterable[int] = SEEDED_YEARS) -> list[RamadanRow]:
    """The fasting months that begin in these years, as far as they are known here (SEEDED_YEARS)."""
    return [_RAMADAN[year] for year in sorted(set(years)) if year in _RAMADAN]


def confirmed_years(rows: Iterable[DayOffRow]) -> frozenset[int]:
    """Years whose collective leave is decreed; deadlines in other years rest on an incomplete list."""
    return frozenset(row.day.year for row in rows if row.kind is DayOffKind.COLLECTIVE_LEAVE)


def seeded_office_document(years: Iterable[int] = SEEDED_YEARS) -> CalendarDocument:
    """An office in WIB: hours of Perpres 21/2023, days off and Ramadan of these years."""
    asked = sorted(set(years))
    rows = day_off_rows(asked)
    return CalendarDocument(
        time_zone=OFFICE_ZONE,
        weekly=OFFICE_WEEK,
        days_off=tuple(row.day.isoformat() for row in rows),
        special=tuple(
            SpecialPeriod(row.first.isoformat(), row.last.isoformat(), RAMADAN_WEEK, "Ramadan")
            for row in ramadan_rows(asked)
        ),
        notes={row.day.isoformat(): DayNote(row.name, NoteKind(row.kind.value)) for row in rows},
    )
