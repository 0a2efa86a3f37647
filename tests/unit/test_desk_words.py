"""What the desk says: clock chips, why a date is what it is, the queue's address as filters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from complaints_service.demo.office_value import demo_office
from complaints_service.desk.chips import ChipState, chip
from complaints_service.desk.queue_filters import asked_from, by_receipt, filters_of
from complaints_service.desk.why import source_of, steps_of
from complaints_service.sla.targets import new_deadline, paused, resumed
from tests.unit.desk_tickets import RECEIVED, a_ticket

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("away", "state", "indonesian", "english"),
    [
        (timedelta(minutes=5), ChipState.SOON, "5 mnt lagi", "5 min left"),
        (timedelta(hours=2, minutes=59), ChipState.SOON, "2 j lagi", "2 h left"),
        (timedelta(hours=24), ChipState.OK, "24 j lagi", "24 h left"),
        (timedelta(days=3, hours=23), ChipState.OK, "3 h lagi", "3 d left"),
        (timedelta(0), ChipState.SOON, "0 mnt lagi", "0 min left"),
        (-timedelta(minutes=1), ChipState.LATE, "lewat 1 mnt", "1 min late"),
        (-timedelta(hours=3), ChipState.LATE, "lewat 3 j", "3 h late"),
        (-timedelta(days=3), ChipState.LATE, "lewat 3 h", "3 d late"),
    ],
)
def test_a_chip_says_in_words_how_far_the_deadline_is(
    away: timedelta, state: ChipState, indonesian: str, english: str
) -> None:
    made = chip(NOW + away, NOW, "id")
    assert (made.state, made.text, made.at) == (state, indonesian, NOW + away)
    assert chip(NOW + away, NOW, "en").text == english


def test_the_steps_of_a_date_end_with_the_date() -> None:
    office = demo_office()
    row = new_deadline(office, a_ticket(), "verify", RECEIVED)
    steps = steps_of(row, office, "en")
    assert "received" in steps[0]
    assert [step for step in steps if "working day 3" in step]
    assert steps[-1].startswith("due ")
    assert "25 Nov" in steps[-1]
    assert "62/2018" in source_of(row, office, "en")


def test_a_pause_and_granted_days_are_steps_too() -> None:
    office = demo_office()
    stood = paused(new_deadline(office, a_ticket(), "answer", RECEIVED), RECEIVED + timedelta(hours=1))
    assert "the clock has been standing since" in steps_of(stood, office, "en")[-2]
    moved = resumed(office, msgspec.structs.replace(stood, granted_days=2), RECEIVED + timedelta(hours=4))
    steps = steps_of(moved, office, "en")
    assert sum(step.startswith("due ") for step in steps) == 1
    assert "2 further working days were granted" in steps
    assert any("90 working minutes added" in step for step in steps), steps


def test_a_deadline_in_calendar_days_says_so() -> None:
    office = demo_office()
    assert steps_of(new_deadline(office, a_ticket(), "reporter", RECEIVED), office, "en")[0].startswith(
        "30 calendar days from"
    )


def test_the_queue_passes_over_what_it_does_not_know() -> None:
    office = demo_office()
    asked = asked_from(
        {"status": "lost", "unit": "x", "due_before": "morgen", "category": "persyaratan", "q": " a\x00b ", "z": "1"},
        office,
    )
    assert asked.values == {"category": "persyaratan", "q": "ab"}
    assert asked.address() == "/desk?q=ab&category=persyaratan"


def test_filters_mean_what_they_say() -> None:
    office = demo_office()
    viewer = next(iter(office.people.values()))
    query = {
        "status": "owed",
        "assignee": "me",
        "unit": "tikkim",
        "due_before": "2026-11-24T03:00:00Z",
        "overdue": "true",
    }
    filters = filters_of(asked_from(query, office), office, viewer)
    assert filters.statuses == ("in_progress", "received", "verified", "waiting_reporter")
    assert filters.assignee == viewer.id
    assert filters.due_before == NOW
    assert filters.overdue
    assert office.units[filters.unit or 0].slug == "tikkim"
    assert not filters.newest_first


@pytest.mark.parametrize("query", [{"status": "closed"}, {"status": "ended"}, {"order": "-received"}])
def test_ended_tickets_are_listed_by_receipt(query: dict[str, str]) -> None:
    assert by_receipt(asked_from(query, demo_office()))
