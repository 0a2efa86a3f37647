"""The clock of the office in DOMAIN.md, told as cases a person at the counter would ask about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from complaints_service.sla.calendar import NeverOpen, OutOfReach, WorkingCalendar
from complaints_service.sla.calendar_document import CalendarDocument, ExtraDay, Week
from complaints_service.sla.holiday_data import OFFICE_WEEK, RAMADAN_WEEK, seeded_office_document

WIB = ZoneInfo("Asia/Jakarta")
OFFICE = WorkingCalendar.from_document(seeded_office_document())


def wib(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WIB)


def open_minutes(week: Week) -> int:
    calendar = WorkingCalendar.from_document(CalendarDocument(time_zone="UTC", weekly=week))
    return calendar.minutes_between(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 8, tzinfo=UTC))


def test_a_week_has_the_hours_of_the_regulation():
    assert open_minutes(OFFICE_WEEK) == 37.5 * 60
    assert open_minutes(RAMADAN_WEEK) == 32.5 * 60


@pytest.mark.parametrize(
    ("received", "counts_as"),
    [
        ("2026-11-24T09:00", date(2026, 11, 24)),  # Tuesday, at work
        ("2026-11-24T05:00", date(2026, 11, 24)),  # before opening
        ("2026-11-24T12:30", date(2026, 11, 24)),  # in the break
        ("2026-11-24T15:59:59.999999", date(2026, 11, 24)),
        ("2026-11-24T16:00", date(2026, 11, 25)),  # the office closes at 16:00: after closing
        ("2026-11-27T20:00", date(2026, 11, 30)),  # Friday evening
        ("2026-11-28T10:00", date(2026, 11, 30)),  # Saturday
        ("2026-12-23T17:00", date(2026, 12, 28)),  # collective leave, Christmas, weekend
    ],
)
def test_a_ticket_received_after_hours_counts_from_the_next_working_day(received, counts_as):
    assert OFFICE.counting_day(wib(received)) == counts_as


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        ("2026-11-24T09:00", 3, "2026-11-27T16:30"),  # Friday closes at 16:30
        ("2026-11-24T16:00", 3, "2026-11-30T16:00"),
        ("2026-11-27T20:00", 3, "2026-12-03T16:00"),
        ("2026-11-27T20:00", 5, "2026-12-07T16:00"),
        ("2026-12-22T09:00", 3, "2026-12-29T16:00"),  # 24 Dec leave, 25 Dec Christmas
        ("2026-11-24T09:00", 14, "2026-12-14T16:00"),
        ("2027-02-04T09:00", 3, "2027-02-10T15:00"),  # 5 Feb leave; Ramadan closes at 15:00
        ("2026-11-24T09:00", 0, "2026-11-24T16:00"),
    ],
)
def test_working_days_end_at_closing_time_of_the_last_one(received, days, due):
    assert OFFICE.add_working_days(wib(received), days) == wib(due)


def test_results_are_utc():
    assert OFFICE.add_working_days(wib("2026-11-24T09:00"), 3).tzinfo is UTC
    assert OFFICE.subtract_minutes(wib("2026-11-24T09:00"), 0).tzinfo is UTC


@pytest.mark.parametrize(
    ("due", "days", "rung"),
    [
        ("2026-11-27T16:30", -1, "2026-11-26T16:00"),  # a deadline at closing belongs to that day
        ("2026-11-27T16:30", 0, "2026-11-27T16:30"),
        ("2026-11-27T16:30", 2, "2026-12-01T16:00"),
        ("2026-11-27T16:30", 5, "2026-12-04T16:30"),
        ("2026-11-25T10:00", -1, "2026-11-24T16:00"),
        ("2026-11-28T10:00", -1, "2026-11-27T16:30"),  # a Saturday counts as Monday
        ("2026-12-28T09:00", -2, "2026-12-22T16:00"),
    ],
)
def test_rungs_stand_at_closings_before_and_after_the_deadline(due, days, rung):
    assert OFFICE.shift_working_days(wib(due), days) == wib(rung)


def test_whole_days_late_are_closings_missed():
    due = wib("2026-11-27T16:30")
    assert OFFICE.working_days_between(due, wib("2026-11-30T15:59")) == 0
    assert OFFICE.working_days_between(due, wib("2026-11-30T16:00")) == 1
    assert OFFICE.working_days_between(due, wib("2026-12-04T16:30")) == 5
    assert OFFICE.working_days_between(wib("2026-12-04T16:30"), due) == -5


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-11-24T09:00", 180, "2026-11-24T12:00"),  # at closing, not after the break
        ("2026-11-24T09:00", 181, "2026-11-24T13:01"),
        ("2026-11-24T15:30", 60, "2026-11-25T08:00"),
        ("2026-11-27T20:00", 0, "2026-11-30T07:30"),
        ("2026-11-27T11:29:30", 1, "2026-11-27T13:00:30"),  # seconds are not lost in the break
        ("2026-02-18T15:30", 60, "2026-02-19T08:30"),  # Ramadan opens at 08:00
        ("2026-02-13T16:00", 60, "2026-02-18T08:00"),  # weekend, collective leave, Imlek
    ],
)
def test_minutes_count_inside_the_working_hours_only(start, minutes, due):
    assert OFFICE.add_minutes(wib(start), minutes) == wib(due)


def test_before_due_is_the_latest_moment_with_that_much_time_left():
    assert OFFICE.subtract_minutes(wib("2026-11-24T13:30"), 30) == wib("2026-11-24T13:00")
    assert OFFICE.subtract_minutes(wib("2026-11-24T13:30"), 31) == wib("2026-11-24T11:59")
    assert OFFICE.subtract_minutes(wib("2026-11-30T08:00"), 60) == wib("2026-11-27T16:00")


def test_time_left_is_positive_and_time_late_negative():
    due = wib("2026-11-27T16:30")
    assert OFFICE.minutes_between(wib("2026-11-27T13:00"), due) == 210
    assert OFFICE.minutes_between(wib("2026-11-30T08:30"), due) == -60


def test_open_means_at_opening_and_not_at_closing():
    assert OFFICE.is_open(wib("2026-11-24T07:30"))
    assert not OFFICE.is_open(wib("2026-11-24T12:00"))
    assert not OFFICE.is_open(wib("2026-12-25T09:00"))


def test_one_extra_day_beats_the_holiday():
    document = CalendarDocument(
        time_zone="Asia/Jakarta",
        weekly=OFFICE_WEEK,
        days_off=("2026-12-25",),
        extra=(ExtraDay("2026-12-25", (("08:00", "12:00"),)), ExtraDay("2026-12-28", ())),
    )
    calendar = WorkingCalendar.from_document(document)
    assert calendar.add_working_days(wib("2026-12-24T09:00"), 1) == wib("2026-12-25T12:00")
    assert calendar.add_working_days(wib("2026-12-24T09:00"), 2) == wib("2026-12-29T16:00")


def test_the_wall_clock_of_berlin_skips_an_hour_in_spring_and_has_one_twice_in_autumn():
    night = Week(sun=(("01:00", "04:00"),))
    calendar = WorkingCalendar.from_document(CalendarDocument(time_zone="Europe/Berlin", weekly=night))
    spring, autumn = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert calendar.add_minutes(spring, 120) == datetime(2026, 3, 29, 2, tzinfo=UTC)
    assert calendar.add_minutes(autumn, 240) == datetime(2026, 10, 25, 3, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=berlin) for fold in (0, 1))
    assert calendar.minutes_between(first, second) == 60
    assert calendar.minutes_between(second, first) == -60


def test_a_calendar_that_opens_on_one_day_only_answers_up_to_it():
    document = CalendarDocument(time_zone="UTC", extra=(ExtraDay("2027-05-01", (("10:00", "11:00"),)),))
    calendar = WorkingCalendar.from_document(document)
    start, opening = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 5, 1, 10, tzinfo=UTC)
    assert calendar.next_open(start) == opening
    assert calendar.add_minutes(start, 60) == datetime(2027, 5, 1, 11, tzinfo=UTC)
    assert calendar.explain_minutes(start, 60)[-1].at == datetime(2027, 5, 1, 11, tzinfo=UTC)
    with pytest.raises(NeverOpen):
        calendar.add_minutes(start, 61)
    with pytest.raises(NeverOpen):
        calendar.subtract_minutes(start, 1)
    with pytest.raises(NeverOpen):
        calendar.add_working_days(start, 1)
    assert calendar.shift_working_days(datetime(2028, 1, 1, tzinfo=UTC), -1) == datetime(2027, 5, 1, 11, tzinfo=UTC)


def test_a_calendar_without_hours_never_opens():
    closed = WorkingCalendar.from_document(CalendarDocument(time_zone="Asia/Jayapura"))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for ask in (closed.next_open, closed.counting_day, lambda at: closed.explain_working_days(at, 1)):
        with pytest.raises(NeverOpen):
            ask(start)
    assert closed.minutes_between(start, datetime(2027, 1, 1, tzinfo=UTC)) == 0


def test_what_lies_beyond_the_reach_is_refused_instead_of_computed():
    with pytest.raises(OutOfReach):
        OFFICE.minutes_between(datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(OutOfReach):
        OFFICE.working_days_between(datetime(1900, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(OutOfReach):
        OFFICE.next_open(datetime.max.replace(tzinfo=UTC))
    with pytest.raises(NeverOpen):
        OFFICE.add_minutes(datetime(2026, 1, 1, tzinfo=UTC), 10**9)


def test_negative_amounts_and_naive_moments_are_mistakes_of_the_caller():
    with pytest.raises(ValueError, match="negative"):
        OFFICE.add_minutes(wib("2026-11-24T09:00"), -1)
    with pytest.raises(ValueError, match="negative"):
        OFFICE.subtract_minutes(wib("2026-11-24T09:00"), -1)
    with pytest.raises(ValueError, match="negative"):
        OFFICE.add_working_days(wib("2026-11-24T09:00"), -1)
    with pytest.raises(TypeError):
        OFFICE.is_open(wib("2026-11-24T09:00").replace(tzinfo=None))
