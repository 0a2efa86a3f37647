"""What a calendar document may say, and that everything wrong with it is named at once, by place."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from complaints_service.sla.calendar import CalendarError, WorkingCalendar, validate
from complaints_service.sla.calendar_document import CalendarDocument, Problem, document_from

TODAY = date(2026, 11, 24)
MONDAYS = {"mon": [["08:00", "12:00"]]}


def problems(raw: dict[str, object], *, for_saving: bool = False) -> list[tuple[str, str]]:
    found = validate(document_from(raw), for_saving=for_saving, from_day=TODAY)
    return [(problem.pointer, problem.code.value) for problem in found]


def test_the_document_of_the_contract_is_read_and_written_back_unchanged():
    raw = {
        "time_zone": "Asia/Jakarta",
        "weekly": {"mon": [["07:30", "12:00"], ["13:00", "16:00"]]},
        "days_off": ["2026-12-25"],
        "special": [{"from": "2026-02-19", "to": "2026-03-20", "weekly": {"fri": [["08:00", "24:00"]]}}],
        "extra": [{"date": "2026-12-28", "hours": [["08:00", "12:00"]]}],
    }
    assert problems(raw, for_saving=True) == []
    assert msgspec.json.decode(msgspec.json.encode(document_from(raw))) == raw


@pytest.mark.parametrize(
    ("part", "place", "code"),
    [
        ({"time_zone": "Asia/Lampung"}, "/time_zone", "unknown_zone"),
        ({"time_zone": "Asia"}, "/time_zone", "unknown_zone"),
        ({"time_zone": ""}, "/time_zone", "unknown_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone", "unknown_zone"),
        ({"time_zone": "Asia/Jakarta\0"}, "/time_zone", "unknown_zone"),
        ({"time_zone": "a" * 5000}, "/time_zone", "unknown_zone"),
        ({"time_zone": "right/Europe/Berlin"}, "/time_zone", "unknown_zone"),
        ({"weekly": {"mon": [["8:00", "12:00"]]}}, "/weekly/mon/0/0", "bad_time"),
        ({"weekly": {"mon": [["24:00", "24:00"]]}}, "/weekly/mon/0/0", "bad_time"),
        ({"weekly": {"mon": [["08:00", "12:60"]]}}, "/weekly/mon/0/1", "bad_time"),
        ({"weekly": {"mon": [["08:00", "٠٩:٠٠"]]}}, "/weekly/mon/0/1", "bad_time"),
        ({"weekly": {"tue": [["12:00", "08:00"]]}}, "/weekly/tue/0", "end_not_after_start"),
        ({"weekly": {"tue": [["12:00", "12:00"]]}}, "/weekly/tue/0", "end_not_after_start"),
        (
            {"weekly": {"wed": [["11:00", "13:00"], ["08:00", "12:00"]]}},
            "/weekly/wed/0",
            "overlapping_periods",
        ),
        ({"days_off": ["2026-02-31"]}, "/days_off/0", "bad_date"),
        ({"days_off": ["2026-12-25", "20261225"]}, "/days_off/1", "bad_date"),
        ({"days_off": ["2026-W52-5"]}, "/days_off/0", "bad_date"),
        ({"days_off": ["0000-01-01"]}, "/days_off/0", "bad_date"),
        (
            {"special": [{"from": "2026-03-20", "to": "2026-02-19", "weekly": {}}]},
            "/special/0",
            "end_before_start",
        ),
        (
            {
                "special": [
                    {"from": "2026-02-19", "to": "2026-03-20", "weekly": {}},
                    {"from": "2026-03-20", "to": "2026-03-25", "weekly": {}},
                ]
            },
            "/special/1",
            "overlapping_specials",
        ),
        (
            {"special": [{"from": "2026-02-19", "to": "x", "weekly": {"sun": [["1", "24:00"]]}}]},
            "/special/0/to",
            "bad_date",
        ),
        (
            {"extra": [{"date": "2026-12-25", "hours": []}, {"date": "2026-12-25", "hours": []}]},
            "/extra/1/date",
            "date_twice",
        ),
        (
            {"extra": [{"date": "2026-12-25", "hours": [["10:00", "09:00"]]}]},
            "/extra/0/hours/0",
            "end_not_after_start",
        ),
    ],
)
def test_each_mistake_is_named_with_its_place(part, place, code):
    assert (place, code) in problems({"time_zone": "Asia/Jakarta", "weekly": MONDAYS} | part)


def test_all_mistakes_are_named_at_once():
    raw = {
        "time_zone": "Mars/Olympus",
        "weekly": {"mon": [["08:00", "07:00"]], "sun": [["x", "25:00"]]},
        "days_off": ["2026-02-31"],
        "extra": [{"date": "2026-13-01", "hours": [["09:00", "10:00"], ["09:30", "10:30"]]}],
    }
    assert problems(raw) == [
        ("/time_zone", "unknown_zone"),
        ("/weekly/mon/0", "end_not_after_start"),
        ("/weekly/sun/0/0", "bad_time"),
        ("/weekly/sun/0/1", "bad_time"),
        ("/days_off/0", "bad_date"),
        ("/extra/0/date", "bad_date"),
        ("/extra/0/hours/1", "overlapping_periods"),
    ]
    with pytest.raises(CalendarError) as refused:
        WorkingCalendar.from_document(document_from(raw))
    assert len(refused.value.problems) == 7


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ({"time_zone": "UTC", "weekly": {"mon": [["08:00"]]}}, "/weekly/mon/0"),
        ({"time_zone": "UTC", "weekly": {"monday": []}}, "/weekly"),
        ({"time_zone": "UTC", "days_off": [20261225]}, "/days_off/0"),
        ({"time_zone": "UTC", "holidays": []}, ""),
        ({"weekly": {}}, ""),
        ([], ""),
        (None, ""),
        ({"time_zone": "UTC", "days_off": ["2026-12-25"] * 4001}, "/days_off"),
    ],
)
def test_another_shape_is_refused_with_its_place(raw, pointer):
    with pytest.raises(CalendarError) as refused:
        document_from(raw)
    (problem,) = refused.value.problems
    assert (problem.pointer, problem.code) == (pointer, "wrong_shape")


def test_periods_may_touch_stand_in_any_order_and_end_with_the_day():
    raw = {"time_zone": "UTC", "weekly": {"mon": [["12:00", "24:00"], ["00:00", "12:00"]]}}
    assert problems(raw, for_saving=True) == []


@pytest.mark.parametrize(
    ("raw", "saved"),
    [
        ({"weekly": {}}, False),
        ({"weekly": MONDAYS}, True),
        ({"extra": [{"date": "2028-11-23", "hours": [["23:00", "24:00"]]}]}, True),
        ({"extra": [{"date": "2028-11-25", "hours": [["23:00", "24:00"]]}]}, False),
        ({"extra": [{"date": "2026-11-23", "hours": [["23:00", "24:00"]]}]}, False),
        ({"weekly": MONDAYS, "special": [{"from": "2026-01-01", "to": "2030-01-01", "weekly": {}}]}, False),
    ],
)
def test_a_calendar_without_an_open_hour_in_two_years_is_not_saved_but_may_be_tried(raw, saved):
    raw = {"time_zone": "Asia/Jakarta"} | raw
    assert problems(raw) == []
    assert problems(raw, for_saving=True) == ([] if saved else [("", "never_open")])


def test_a_zone_hole_is_not_an_open_hour():
    raw = {"time_zone": "Europe/Berlin", "extra": [{"date": "2027-03-28", "hours": [["02:00", "03:00"]]}]}
    assert problems(raw, for_saving=True) == [("", "never_open")]


def test_a_document_is_a_value():
    assert document_from({"time_zone": "UTC"}) == CalendarDocument(time_zone="UTC")
    assert Problem("", "never_open") == Problem("", "never_open")  # type: ignore[arg-type]
