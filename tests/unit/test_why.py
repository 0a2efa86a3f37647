"""Why this date: the steps of a deadline in both languages, and what the clock did, as the timeline tells it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from complaints_service.office.model import Absence
from complaints_service.sla.why import recounted, source_of, steps_of
from complaints_service.tickets import commands as c
from complaints_service.tickets.file import StoredEvent
from complaints_service.tickets.model import SYSTEM_ACTOR, Actor, ActorKind, Event, Priority, Status
from complaints_service.tickets.more_time import open_to
from complaints_service.tickets.timeline import entries_of
from tests.unit.clock_room import Case, a_policy, an_urgent_office, wib, with_rungs
from tests.unit.test_clock_properties import with_day_off
from tests.unit.test_lifecycle import SUPERVISOR
from tests.unit.values import RECEIVED


def stored(events: list[Event]) -> list[StoredEvent]:
    """Events as the reader gives them."""
    return [
        StoredEvent(
            seq=e.seq,
            at=e.at,
            type=e.type,
            actor=e.actor.label,
            person_id=e.actor.person_id,
            body=msgspec.json.encode(e.body).decode(),
            released_at=e.released_at,
            undone_by=None,
        )
        for e in events
    ]


def lines(case: Case, language: str, audience: str = "officer") -> list[str]:
    later = case.now + timedelta(minutes=1)
    return [entry.text for entry in entries_of(stored(case.events), later, case.office, language, audience)]


def test_three_days_are_told_day_by_day() -> None:
    case = Case()
    assert steps_of(case.row("verify"), case.office, "id") == [
        "Selasa 24 Nov 09.00 diterima",
        "hari kerja ke-1 Rabu 25 Nov",
        "hari kerja ke-2 Kamis 26 Nov",
        "hari kerja ke-3 Jumat 27 Nov",
        "jatuh tempo Jumat 27 Nov 16.30",
    ]
    assert steps_of(case.row("verify"), case.office, "en")[-1] == "due Friday 27 Nov 16:30"
    assert source_of(case.row("verify"), case.office, "en") == "Policy 1: PermenPANRB 62/2018. Calendar 1."


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["received", "marked urgent", "24 hours from", "due"]),
        ("id", ["diterima", "ditandai mendesak", "24 jam sejak", "jatuh tempo"]),
    ],
)
def test_a_case_marked_urgent_says_from_when_it_counts(language: str, expected: list[str]) -> None:
    case = Case()
    case.do(c.SetPriority(priority=Priority.URGENT), wib(25, 20))
    steps = steps_of(case.row("answer"), case.office, language)
    assert len(steps) == len(expected)
    assert all(words in step for words, step in zip(expected, steps, strict=True)), steps
    checked = steps_of(case.row("verify"), case.office, language)
    assert sum(expected[0] in step for step in checked) == 1, "received once"


def test_a_case_that_went_to_another_unit_says_so() -> None:
    case = Case(an_urgent_office(policies={1: a_policy(after_transfer="restart")}))
    case.do(c.Assign(unit="intaltuskim"), wib(1, 9, month=12))
    assert "when the case went to another unit" in steps_of(case.row("answer"), case.office, "en")[1]


def test_a_clock_that_stands_says_how_long_it_may() -> None:
    case = Case(status=Status.IN_PROGRESS)
    case.do(c.Ask(text="Nomor?"), wib(25, 9))
    steps = steps_of(case.row("answer"), case.office, "en", case.ticket)
    assert any(step.startswith("it stands until") and "25 December" in step for step in steps), steps
    assert not any("it stands until" in step for step in steps_of(case.row("answer"), case.office, "en"))


def test_a_date_that_newer_rules_moved_says_what_it_was() -> None:
    case = Case()
    case.office = with_day_off(case.office, RECEIVED, 2)
    case.fire(RECEIVED + timedelta(hours=3))
    events = stored(case.events)
    (move,) = recounted(case.row("verify"), events)
    assert (move.was, move.now) == (wib(27, 16, 30), wib(30, 16))
    steps = steps_of(case.row("verify"), case.office, "id", case.ticket, events)
    assert "dulu Jumat, 27 November 2026" in steps[-1]
    assert "sekarang Senin, 30 November 2026" in steps[-1]
    (moved,) = lines(case, "en", "citizen")
    assert moved.startswith("The office's calendar or its time limits have changed (")
    assert "sign of life" not in moved
    assert "sign of life" in lines(case, "en")[0]


def test_the_timeline_names_rung_policy_and_all_that_a_rung_did() -> None:
    policy = a_policy()
    due = next(r for r in policy.rungs if r.key == "answer-due")
    more = msgspec.structs.replace(
        due,
        raise_priority="high",
        unassigns=True,
        note="Mohon segera.",
        receivers=("assignee", "address:om@example.org"),
    )
    office = an_urgent_office(policies={1: with_rungs(policy, {"answer-due": more})})
    case = Case(office, status=Status.IN_PROGRESS, assignee_id=1)
    at = case.row("answer").due_at
    case.office = msgspec.structs.replace(office, absences=(Absence(1, at, at + timedelta(days=3), 3),))
    case.fire(at)
    line = next(text for text in lines(case, "en") if text.startswith("Answer, at the deadline"))
    for words in (
        "Answer, at the deadline", "level 1, policy 1", "Atasan in place of Petugas, who is absent", "om@example.org",
        "priority raised from normal to high", "taken from Petugas", "“Mohon segera.”",
    ):  # fmt: skip
        assert words in line
    assert "Atasan" not in " ".join(lines(case, "en", "citizen")), "the citizen reads of no names"


def test_somebody_who_has_left_is_named_in_the_timeline() -> None:
    people = an_urgent_office().people
    gone = {**people, 1: msgspec.structs.replace(people[1], active=False)}
    case = Case(an_urgent_office(people=gone), status=Status.IN_PROGRESS, assignee_id=1)
    case.fire(case.row("answer").due_at)
    assert any("Petugas has left" in text for text in lines(case, "en"))
    assert any("Petugas sudah tidak bertugas" in text for text in lines(case, "id"))


def test_somebody_absent_without_a_stand_in_is_named_in_the_timeline() -> None:
    case = Case(an_urgent_office(), status=Status.IN_PROGRESS, assignee_id=1)
    at = case.row("answer").due_at
    case.office = msgspec.structs.replace(case.office, absences=(Absence(1, at, at + timedelta(days=3), None),))
    case.fire(at)
    assert any("Petugas is absent, and nobody stands in" in text for text in lines(case, "en"))
    assert any("Petugas tidak hadir, dan tidak ada pengganti" in text for text in lines(case, "id"))
    assert "Petugas" not in " ".join(lines(case, "en", "citizen")), "the citizen reads of no names"


def test_who_asked_is_not_offered_to_grant() -> None:
    case = Case(status=Status.IN_PROGRESS)
    case.do(c.RequestTime(reason="berkas", working_days=2), wib(25, 9))
    events = stored(case.events)
    assert "grant_time" not in open_to(SUPERVISOR, case.ticket, events)
    assert "refuse_time" in open_to(SUPERVISOR, case.ticket, events)
    assert "grant_time" in open_to(Actor(ActorKind.PERSON, 4, "head", "Kepala"), case.ticket, events)
    assert open_to(SYSTEM_ACTOR, case.ticket, []) != ()
