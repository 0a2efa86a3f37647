"""Targets, ladder and reconciliation as pure rules: no ticket without a timer, no key twice, the right people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints_service.office.model import Absence, Office
from complaints_service.sla.firing import due_commands
from complaints_service.sla.ladder import next_rung, reach, rungs_of
from complaints_service.sla.reactor import SlaReactor
from complaints_service.sla.targets import calendar_of, due_at, new_deadline, paused, resumed
from complaints_service.tickets import commands as c
from complaints_service.tickets.lifecycle import Refusal
from complaints_service.tickets.model import OPEN, SYSTEM_ACTOR, Event, Status, Ticket
from complaints_service.tickets.pipeline import Loaded, Performed, perform, react
from complaints_service.tickets.port import Change, DeadlineRow, TimerRow
from tests.unit.test_lifecycle import COMMANDS, SUPERVISOR, actor_for
from tests.unit.values import RECEIVED, a_ticket, an_office

OFFICE = an_office()
REACTORS = (SlaReactor(),)


def wib(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """A moment of 2026 in the office's zone."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=7)


def filed(ticket: Ticket, office: Office = OFFICE) -> Loaded:
    """A ticket with the clocks of its filing."""
    event = Event(
        seq=1, type="filed", at=ticket.received_at, actor=SYSTEM_ACTOR, body={}, released_at=ticket.received_at
    )
    change = Change(
        before=None,
        after=ticket,
        command=None,
        events=(event,),
        actor=SYSTEM_ACTOR,
        now=ticket.received_at,
        office=office,
    )
    effects = react(change, REACTORS)
    return Loaded(ticket, effects.deadlines, effects.timers, (), None)


def after(loaded: Loaded, performed: Performed) -> Loaded:
    """The rows as the database would hold them."""
    deadlines = {(d.target, d.episode): d for d in (*loaded.deadlines, *performed.effects.deadlines)}
    timers = {(t.rung, t.episode, t.occurrence): t for t in loaded.timers}
    for timer in performed.effects.timers:
        timers[(timer.rung, timer.episode, timer.occurrence)] = timer
    armed = tuple(t for t in timers.values() if t.state == "armed")
    return Loaded(performed.ticket, tuple(deadlines.values()), armed, (), None)


def do(loaded: Loaded, command: c.AnyCommand, now: datetime, office: Office = OFFICE) -> Loaded:
    performed = perform(loaded, [command], actor_for(command), now, office, REACTORS)
    assert isinstance(performed, Performed), performed
    return after(loaded, performed)


def fire(loaded: Loaded, now: datetime, office: Office = OFFICE) -> tuple[Loaded, list[c.AnyCommand]]:
    commands = due_commands(loaded.ticket, loaded.deadlines, loaded.timers, office, now)
    if not commands:
        return loaded, []
    performed = perform(loaded, commands, SYSTEM_ACTOR, now, office, REACTORS)
    assert isinstance(performed, Performed), performed
    return after(loaded, performed), commands


def row(loaded: Loaded, target: str) -> DeadlineRow:
    return max((d for d in loaded.deadlines if d.target == target), key=lambda d: d.episode)


def test_a_complaint_of_tuesday_morning_is_verified_by_friday_and_answered_after_fourteen_working_days() -> None:
    loaded = filed(a_ticket())
    assert row(loaded, "verify").due_at == wib(27, 16, 30)
    assert row(loaded, "answer").due_at == wib(14, 16, 0, month=12)


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ({"kind": "information"}, 5),
        ({"simple": True}, 5),
        ({"oversight": True}, 60),
        ({"kind": "suggestion"}, 14),
        ({}, 14),
    ],
)
def test_each_kind_has_its_target(values: dict[str, object], days: int) -> None:
    assert new_deadline(OFFICE, a_ticket(**values), "answer", RECEIVED).amount == days


def test_classifying_as_oversight_moves_the_date_and_keeps_the_start() -> None:
    loaded = do(filed(a_ticket()), c.Classify(oversight=True), RECEIVED + timedelta(hours=1))
    answer = row(loaded, "answer")
    assert (answer.amount, answer.started_at) == (60, RECEIVED)
    assert answer.due_at == due_at(calendar_of(OFFICE), RECEIVED, 60, "working_days")
    assert answer.first_due_at == wib(14, 16, 0, month=12)


def test_waiting_for_the_reporter_stops_the_answer_clock_and_never_the_verification() -> None:
    waiting = paused(new_deadline(OFFICE, a_ticket(), "answer", RECEIVED), wib(26, 9))
    again = resumed(OFFICE, waiting, wib(30, 9))
    assert again.due_at == wib(16, 16, 0, month=12), "two working days later, at closing"
    loaded = filed(a_ticket(status=Status.VERIFIED))
    asked = do(loaded, c.Ask(text="Nomor?"), wib(26, 9))
    assert {t.rung for t in asked.timers} == {"reporter-remind", "pause-end"}
    replied = do(asked, c.Reply(text="123"), wib(30, 9))
    assert {t.target for t in replied.timers} == {"answer", "sign"}


def test_the_ladder_of_an_untouched_complaint_climbs_rung_by_rung() -> None:
    loaded, seen = filed(a_ticket()), []
    for day in range(45):
        loaded, commands = fire(loaded, RECEIVED + timedelta(days=day))
        seen += [command.rung for command in commands if isinstance(command, c.FireRung)]
    first = list(dict.fromkeys(seen))
    assert first[:3] == ["verify-remind", "verify-due", "verify-late"]
    assert [rung for rung in first if rung.startswith("answer")] == [
        "answer-half",
        "answer-soon",
        "answer-due",
        "answer-late",
        "answer-late-5",
        "answer-repeat",
    ]
    assert seen.count("answer-due") == 1
    assert loaded.timers, "the top rung goes on repeating"


def test_after_an_outage_all_rungs_are_written_in_order_and_only_the_highest_is_mailed() -> None:
    _, commands = fire(filed(a_ticket()), wib(23, 9, month=12))
    rungs = [command for command in commands if isinstance(command, c.FireRung)]
    assert [r.due_at for r in rungs] == sorted(r.due_at for r in rungs)
    mailed = [r for r in rungs if r.mail]
    assert [r.level for r in mailed] == [max(r.level for r in rungs)]


def test_an_unanswered_question_lapses_and_an_unanswered_answer_closes() -> None:
    verified = filed(a_ticket(status=Status.IN_PROGRESS))
    waiting = do(verified, c.Ask(text="Nomor?"), wib(25, 9))
    lapsed, _ = fire(waiting, wib(26, 9, month=12))
    assert lapsed.ticket.status is Status.WITHDRAWN
    answered = do(verified, c.Answer(text="Sudah."), wib(25, 9))
    closed, commands = fire(answered, wib(10, 9, month=12))
    assert closed.ticket.status is Status.CLOSED
    assert not any(command.mail for command in commands if isinstance(command, c.FireRung))
    assert closed.timers == ()


def test_an_unassigned_case_escalates_to_its_unit_and_supervisor() -> None:
    half = rungs_of(OFFICE, new_deadline(OFFICE, a_ticket(), "answer", RECEIVED))[0]
    assert reach(OFFICE, a_ticket(), half, RECEIVED).people == (1, 3)
    assert reach(OFFICE, a_ticket(assignee_id=1), half, RECEIVED).people == (1,)


def test_an_absent_supervisor_is_replaced_and_the_one_above_is_told_too() -> None:
    away = Absence(3, RECEIVED - timedelta(days=1), RECEIVED + timedelta(days=9), stand_in_id=None)
    office = an_office(absences=(away,))
    late = rungs_of(office, new_deadline(office, a_ticket(), "answer", RECEIVED))[2]
    assert reach(office, a_ticket(assignee_id=1), late, RECEIVED).people == (1, 4)
    stand_in = an_office(absences=(msgspec.structs.replace(away, stand_in_id=1),))
    reached = reach(stand_in, a_ticket(), late, RECEIVED)
    assert reached.stood_in == {"3": 1}
    assert set(reached.people) == {1, 4}


def test_nobody_the_complaint_names_is_ever_told() -> None:
    ticket = a_ticket(unit_id=3, reported_units=(10,), reported_people=(4,))
    for target in ("verify", "answer"):
        for rung in rungs_of(OFFICE, new_deadline(OFFICE, ticket, target, RECEIVED)):
            people = reach(OFFICE, ticket, rung, RECEIVED).people
            assert 4 not in people
            assert 1 not in people
            assert people == (5,), "the regional office is the next superior"


def test_granted_days_move_the_date_and_call_off_what_is_not_sent() -> None:
    loaded = filed(a_ticket(status=Status.IN_PROGRESS))
    requested = do(loaded, c.RequestTime(reason="berkas", working_days=3), wib(25, 9))
    performed = perform(requested, [c.GrantTime()], SUPERVISOR, wib(25, 10), OFFICE, REACTORS)
    assert isinstance(performed, Performed)
    assert performed.effects.cancel_escalations
    assert row(after(requested, performed), "answer").due_at == wib(17, 16, 0, month=12)


STEPS = st.lists(st.tuples(st.sampled_from(COMMANDS), st.integers(1, 200)), max_size=14)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_an_open_ticket_is_never_without_an_armed_timer_and_no_key_fires_twice(
    steps: list[tuple[c.AnyCommand, int]],
) -> None:
    loaded, now, keys = filed(a_ticket()), RECEIVED, set[tuple[str, int, int]]()
    for command, hours in steps:
        now += timedelta(hours=hours)
        before = loaded
        loaded, commands = fire(loaded, now)
        for fired in commands:
            if isinstance(fired, c.FireRung):
                key = (fired.rung, fired.episode, fired.occurrence)
                assert key not in keys
                keys.add(key)
        performed = perform(loaded, [command], actor_for(command), now, OFFICE, REACTORS)
        if not isinstance(performed, Refusal):
            loaded = after(loaded, performed)
        assert bool(loaded.timers) == (loaded.ticket.status in OPEN), (before.ticket.status, command)
        assert all(timer.due_at > now - timedelta(minutes=1) or timer.state == "armed" for timer in loaded.timers)
        for deadline in loaded.deadlines:
            due = next_rung(OFFICE, deadline) if deadline.runs else None
            assert due is None or any(isinstance(t, TimerRow) and t.rung == due.rung.key for t in loaded.timers)
