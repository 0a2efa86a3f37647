"""A calendar is changed one thing at a time; what differs is told; two people's changes come together."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from complaints_service.management.absences.model import AbsenceRow, DutyRow
from complaints_service.management.absences.rules import covered, gaps
from complaints_service.management.calendars import edit
from complaints_service.management.calendars.click import day_clicked, opens_by_click
from complaints_service.management.calendars.difference import changes
from complaints_service.management.calendars.hours_text import read_periods, written
from complaints_service.management.calendars.model import Draft
from complaints_service.management.calendars.year import Look, day_of, listed_holidays, year_of
from complaints_service.sla.calendar_document import (
    CalendarDocument,
    DayNote,
    NoteKind,
    SpecialPeriod,
    Week,
    read_hours,
)
from complaints_service.sla.holiday_data import seeded_office_document

SEED = edit.in_order(seeded_office_document())
FLOOD = DayNote("Banjir")


def look(document: CalendarDocument, day: date) -> Look:
    return day_of(document, read_hours(document), day).look


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("07.30-12.00, 13.00-16.00", (("07:30", "12:00"), ("13:00", "16:00"))),
        ("8-12", (("08:00", "12:00"),)),
        ("13:00–16:00; 07:30 s/d 12:00", (("07:30", "12:00"), ("13:00", "16:00"))),
        ("20.00 sampai 24.00", (("20:00", "24:00"),)),
        ("", ()),
        ("Tutup", ()),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, periods: tuple[tuple[str, str], ...]) -> None:
    assert read_periods(text) == periods
    for language in ("id", "en"):
        assert read_periods(written(periods, language)) == periods


@pytest.mark.parametrize("text", ["pagi", "07.30", "07.30-", "7.3-12", "-12", "07.30-12.00 13.00-16.00", "x" * 500])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no period|too long"):
        read_periods(text)


@pytest.mark.parametrize("office", [SEED, edit.with_day_closed(SEED, "2026-11-27", FLOOD)], ids=["seed", "flood"])
@pytest.mark.parametrize("day", [date(2026, 11, 27), date(2026, 12, 25), date(2026, 12, 24)])
def test_a_click_turns_a_day_over_and_a_second_click_leaves_nothing_changed(
    office: CalendarDocument, day: date
) -> None:
    held = Draft(base=1, document=office, confirmed_through=date(2027, 12, 31))
    was_open = bool(read_hours(office).on(day.toordinal()))
    clicked = day_clicked(held, office, day)
    assert bool(read_hours(clicked.document).on(day.toordinal())) is not was_open
    assert len(changes(office, clicked.document, "id")) == 1
    assert day_clicked(clicked, office, day) == held


def test_a_clicked_day_is_called_what_the_country_calls_it_and_a_free_day_stays_as_it_is() -> None:
    unnamed = edit.with_plain_day(SEED, "2026-12-25")
    held = Draft(base=1, document=unnamed, confirmed_through=date(2027, 12, 31))
    assert day_clicked(held, unnamed, date(2026, 12, 25)).document == SEED
    sunday = date(2026, 11, 29)
    assert not opens_by_click(read_hours(unnamed), sunday)
    assert day_clicked(held, unnamed, sunday) == held
    # Nothing is known to be published of a Sunday that the draft's own hours open: a click closes it.
    opened = msgspec.structs.replace(
        held, document=edit.with_day_open(unnamed, "2026-11-29", (("08:00", "12:00"),), "x")
    )
    assert day_clicked(opened, unnamed, sunday) == held
    all_week = edit.with_week(
        unnamed, "Asia/Jakarta", msgspec.structs.replace(unnamed.weekly, sun=(("08:00", "12:00"),))
    )
    closed = day_clicked(msgspec.structs.replace(held, document=all_week), unnamed, sunday)
    assert look(closed.document, sunday) is Look.CLOSED


def test_a_day_is_closed_opened_and_as_usual_again() -> None:
    closed = edit.with_day_closed(SEED, "2026-11-27", FLOOD)
    assert look(closed, date(2026, 11, 27)) is Look.CLOSED
    opened = edit.with_day_open(closed, "2026-11-27", (("08:00", "12:00"),), "Setengah hari")
    assert look(opened, date(2026, 11, 27)) is Look.EXTRA
    assert "2026-11-27" not in opened.days_off
    assert edit.with_plain_day(opened, "2026-11-27") == SEED


def test_a_year_shows_every_day_once_and_names_its_holidays() -> None:
    year = year_of(SEED, read_hours(SEED), 2028)
    days = [day for month in year.months for week in month.weeks for day in week if day is not None]
    assert [day.day for day in days] == [date(2028, 1, 1) + timedelta(days=n) for n in range(366)]
    assert {day.day for day in year.named} == {date.fromisoformat(d) for d in SEED.days_off if d.startswith("2028")}
    assert all(day.name for day in year.named)
    assert year.open_minutes == sum(closes - opens for day in days for opens, closes in day.hours)


def test_days_of_a_calendar_without_notes_have_the_names_of_the_national_list() -> None:
    nameless = CalendarDocument(time_zone="Asia/Jakarta", weekly=SEED.weekly, days_off=("2026-12-25",))
    found = day_of(nameless, read_hours(nameless), date(2026, 12, 25))
    assert (found.look, found.name) == (Look.HOLIDAY, "Hari Raya Natal")


def test_what_the_list_and_the_calendar_say_differently_is_taken_over() -> None:
    listed = listed_holidays(2026).values()
    assert edit.holiday_differences(SEED, listed, 2026) == []
    wrong = edit.with_day_closed(
        edit.with_plain_day(SEED, "2026-12-25"), "2026-12-28", DayNote("Libur keliru", NoteKind.PUBLIC_HOLIDAY)
    )
    wrong = edit.with_day_closed(wrong, "2026-11-27", FLOOD)
    found = edit.holiday_differences(wrong, listed, 2026)
    assert [(each.day.isoformat(), each.listed) for each in found] == [("2026-12-25", True), ("2026-12-28", False)]
    mended = edit.with_taken_over(wrong, found, ["2026-12-25", "2026-12-28", "2026-01-01"])
    assert edit.holiday_differences(mended, listed, 2026) == []
    assert mended == edit.with_day_closed(SEED, "2026-11-27", FLOOD)


def test_my_changes_come_on_top_of_what_somebody_else_has_published() -> None:
    mine = edit.with_plain_day(edit.with_day_closed(SEED, "2026-11-27", FLOOD), "2026-12-25")
    theirs = edit.with_week(
        edit.with_day_open(SEED, "2026-12-05", (("08:00", "12:00"),), "Sabtu"), "Asia/Makassar", SEED.weekly
    )
    both = edit.merged(SEED, mine, theirs)
    assert both.time_zone == "Asia/Makassar"
    assert look(both, date(2026, 12, 5)) is Look.EXTRA
    assert look(both, date(2026, 11, 27)) is Look.CLOSED
    assert look(both, date(2026, 12, 25)) is Look.OPEN
    assert edit.merged(SEED, SEED, theirs) == edit.in_order(theirs)
    assert edit.merged(SEED, mine, SEED) == mine


def test_every_difference_is_told_once_in_both_languages() -> None:
    after = edit.with_day_closed(SEED, "2026-11-27", FLOOD)
    after = edit.with_special(after, "2026-02-19", None)
    after = edit.with_special(after, None, SpecialPeriod("2026-07-01", "2026-07-03", Week(), "Pindah gedung"))
    after = edit.with_week(after, "Asia/Jayapura", Week(mon=(("08:00", "12:00"),)))
    found = changes(SEED, after, "id", (date(2027, 12, 31), date(2028, 12, 31)))
    assert [change.part for change in found] == (
        ["Zona waktu"]
        + ["Jam mingguan"] * 5
        + ["Masa khusus"] * 2
        + ["Hari tertentu", "Hari libur dikonfirmasi sampai"]
    )
    day = next(change for change in found if change.part == "Hari tertentu")
    assert (day.where, day.after) == ("Jumat, 27 November 2026", "ditutup kantor: Banjir")
    english = changes(SEED, after, "en")
    assert len(english) == len(found) - 1
    assert changes(SEED, SEED, "id") == []


def test_a_duty_stands_empty_while_its_person_is_absent() -> None:
    start = datetime(2026, 11, 24, tzinfo=UTC)
    hours = [start + timedelta(hours=n) for n in range(25)]
    duties = [
        DutyRow(id=1, person_id=1, unit_id=None, starts_at=hours[6], ends_at=hours[14]),
        DutyRow(id=2, person_id=2, unit_id=7, starts_at=hours[12], ends_at=hours[20]),
    ]
    away = [AbsenceRow(id=1, person_id=1, starts_at=hours[8], ends_at=hours[10], stand_in_id=2)]
    office = covered(duties, away, None, hours[0], hours[24])
    assert [(span.starts_at, span.ends_at) for span in office] == [(hours[6], hours[8]), (hours[10], hours[14])]
    unit = covered(duties, away, 7, hours[0], hours[24])
    assert [(gap.starts_at, gap.ends_at) for gap in gaps(unit, hours[0], hours[24])] == [
        (hours[0], hours[6]),
        (hours[8], hours[10]),
        (hours[20], hours[24]),
    ]
    assert [(gap.starts_at, gap.ends_at) for gap in gaps([], hours[0], hours[24])] == [(hours[0], hours[24])]
