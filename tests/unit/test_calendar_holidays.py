"""The rows an office's calendar begins with."""

from __future__ import annotations

from datetime import date, timedelta

from complaints_service.sla.calendar import validate
from complaints_service.sla.holiday_data import (
    SEEDED_YEARS,
    DayOffKind,
    confirmed_years,
    day_off_rows,
    ramadan_rows,
    seeded_office_document,
)


def test_2026_has_its_public_holidays_and_collective_leave_by_their_indonesian_names():
    rows = day_off_rows([2026])
    by_kind = [row.kind for row in rows]
    assert by_kind.count(DayOffKind.PUBLIC_HOLIDAY) == 17
    assert by_kind.count(DayOffKind.COLLECTIVE_LEAVE) == 8
    names = {row.day: row.name for row in rows}
    assert names[date(2026, 12, 24)] == "Cuti Bersama Hari Raya Natal"
    assert names[date(2026, 8, 17)] == "Hari Kemerdekaan Republik Indonesia"


def test_each_day_stands_once_in_order_and_estimates_are_marked_not_named():
    rows = day_off_rows()
    days = [row.day for row in rows]
    assert days == sorted(set(days))
    assert not any("perkiraan" in row.name for row in rows)
    estimated = {row.day for row in rows if row.estimated}
    assert date(2027, 3, 10) in estimated and date(2026, 3, 21) not in estimated


def test_a_year_is_confirmed_by_its_decree_on_collective_leave():
    assert confirmed_years(day_off_rows()) == {2025, 2026, 2027}


def test_ramadan_ends_on_the_eve_of_idul_fitri():
    rows = ramadan_rows()
    assert [row.first.year for row in rows] == list(SEEDED_YEARS)
    feasts = {row.day for row in day_off_rows() if row.name == "Hari Raya Idul Fitri"}
    assert {row.last + timedelta(days=1) for row in rows} == feasts
    assert all(28 <= (row.last - row.first).days <= 29 for row in rows)


def test_the_seeded_document_is_a_calendar_that_may_be_saved():
    document = seeded_office_document([2026, 2027])
    assert validate(document, for_saving=True, from_day=date(2026, 11, 24)) == []
    assert "2026-12-25" in document.days_off
    assert [(special.first, special.last) for special in document.special] == [
        ("2026-02-19", "2026-03-20"),
        ("2027-02-08", "2027-03-09"),
    ]
