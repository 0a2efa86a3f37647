"""A deadline explained step by step, as officers and citizens read it."""

from __future__ import annotations

import string
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po

from complaints_service.resources import locale_dir
from complaints_service.sla.calendar import Problem, ProblemCode, WorkingCalendar
from complaints_service.sla.calendar_steps import Step, StepKey
from complaints_service.sla.calendar_words import PROBLEM_MESSAGES, STEP_MESSAGES, field_problem, step_text
from complaints_service.sla.holiday_data import seeded_office_document

OFFICE = WorkingCalendar.from_document(seeded_office_document())


def wib(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Jakarta"))


def told(steps: list[Step], language: str) -> list[str]:
    return [step_text(step, language) for step in steps]


def test_three_working_days_are_told_in_indonesian_day_by_day():
    assert told(OFFICE.explain_working_days(wib("2026-11-24T09:00"), 3), "id") == [
        "Selasa 24 Nov 09.00 diterima",
        "hari kerja ke-1 Rabu 25 Nov",
        "hari kerja ke-2 Kamis 26 Nov",
        "hari kerja ke-3 Jumat 27 Nov",
        "jatuh tempo Jumat 27 Nov 16.30",
    ]


def test_received_on_friday_evening_is_told_in_english_with_the_weekend():
    assert told(OFFICE.explain_working_days(wib("2026-11-27T20:00"), 1), "en") == [
        "Friday 27 Nov 20:00 received",
        "Saturday 28 Nov to Sunday 29 Nov: closed, not counted",
        "outside working hours: counts as received on Monday 30 Nov",
        "working day 1: Tuesday 1 Dec",
        "due Tuesday 1 Dec 16:00",
    ]


def test_holidays_are_told_apart_from_weekends_and_the_year_when_it_changes():
    assert told(OFFICE.explain_working_days(wib("2026-12-30T09:00"), 3), "id") == [
        "Rabu 30 Des 2026 09.00 diterima",
        "hari kerja ke-1 Kamis 31 Des 2026",
        "Jumat 1 Jan 2027 libur, tidak dihitung",
        "Sabtu 2 Jan 2027 sampai Minggu 3 Jan 2027 tutup, tidak dihitung",
        "hari kerja ke-2 Senin 4 Jan 2027",
        "Selasa 5 Jan 2027 libur, tidak dihitung",
        "hari kerja ke-3 Rabu 6 Jan 2027",
        "jatuh tempo Rabu 6 Jan 2027 16.00",
    ]


def test_working_minutes_are_told_with_what_each_day_takes_and_leaves():
    assert told(OFFICE.explain_minutes(wib("2026-11-24T15:30"), 500), "id") == [
        "Selasa 24 Nov 15.30 diterima",
        "Selasa 24 Nov: 30 menit kerja, sisa 470 menit",
        "Rabu 25 Nov: 450 menit kerja, sisa 20 menit",
        "Kamis 26 Nov: 20 menit kerja, sisa 0 menit",
        "jatuh tempo Kamis 26 Nov 07.50",
    ]


def test_nothing_to_count_is_told_as_the_next_opening():
    assert told(OFFICE.explain_minutes(wib("2026-11-28T09:00"), 0), "en") == [
        "Saturday 28 Nov 09:00 received",
        "Saturday 28 Nov to Sunday 29 Nov: closed, not counted",
        "outside working hours: the clock starts on Monday 30 Nov 07:30",
        "due Monday 30 Nov 07:30",
    ]


@pytest.mark.parametrize("explain", [OFFICE.explain_working_days, OFFICE.explain_minutes])
def test_long_computations_are_told_by_runs_of_days_in_the_order_of_time(explain):
    amount = 60 if explain == OFFICE.explain_working_days else 60 * 450
    steps = explain(wib("2026-11-24T09:00"), amount)
    assert len(steps) < 40
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert any(step.key in (StepKey.WORKING_DAYS, StepKey.MINUTES_OF_DAYS) for step in steps)
    assert all("{" not in text for language in ("id", "en") for text in told(steps, language))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_message_has_its_indonesian_words_and_the_catalogue_none_that_nobody_says():
    with (locale_dir() / "id" / "calendar.po").open("rb") as file:
        words = {message.id: message.string for message in read_po(file) if message.id}
    said = {*STEP_MESSAGES.values(), *PROBLEM_MESSAGES.values()}
    assert set(words) == said
    assert set(STEP_MESSAGES) == set(StepKey) and set(PROBLEM_MESSAGES) == set(ProblemCode)
    for english, indonesian in words.items():
        assert indonesian and placeholders(indonesian) == placeholders(english)


def test_a_problem_is_told_with_its_place_in_the_request_and_without_what_was_sent():
    problem = field_problem(Problem("/days_off/0", ProblemCode.BAD_DATE, {"date": "<b>"}), "/calendar")
    assert (problem.pointer, problem.code, problem.values) == ("/calendar/days_off/0", "bad_date", {})
