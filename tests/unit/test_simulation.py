"""Played by its own policy and calendar a history comes out as it was; played by others it comes out as the rules say."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints_service.office.model import CalendarVersion, Office, PolicyTarget
from complaints_service.sla.holiday_data import seeded_office_document
from complaints_service.sla.simulation import MOST_RUNGS, Played, office_with, play
from complaints_service.sla.simulation_history import FiredRung, History, LoggedEvent, LoggedTicket, history_of
from complaints_service.tickets import commands as c
from complaints_service.tickets.lifecycle import Refusal
from complaints_service.tickets.model import REPORTER_ACTOR, SYSTEM_ACTOR, ActorKind, Event, Priority, Status, Ticket
from complaints_service.tickets.pipeline import Loaded, perform
from complaints_service.tickets.port import DeadlineRow
from complaints_service.tickets.rows import as_json
from tests.unit.test_clocks import REACTORS, after, filed
from tests.unit.test_lifecycle import COMMANDS, actor_for
from tests.unit.values import RECEIVED, a_ticket, an_office

OFFICE = an_office()
SAME = office_with(OFFICE, OFFICE.policies[1], OFFICE.calendars[1])


def logged(event: Event) -> LoggedEvent:
    """An event as the query of histories tells it."""
    body: dict[str, object] = dict(event.body)
    substance = None
    if event.type == "noted" and event.message is not None:
        substance = len(event.message.text.strip()) >= 20
    person = event.actor.person_id if event.actor.kind is ActorKind.PERSON else None
    return LoggedEvent(event.seq, event.at, event.type, person, msgspec.Raw(as_json(body).encode()), substance)


def row_of(ticket: Ticket) -> LoggedTicket:
    return LoggedTicket(**{name: getattr(ticket, name) for name in LoggedTicket.__struct_fields__})


class Diary:
    """A ticket under the real rules, and its log beside it. The clock fires at the very instant."""

    def __init__(self, ticket: Ticket, office: Office = OFFICE) -> None:
        body: dict[str, object] = {"unit": ticket.unit_id, "priority": ticket.priority, "kind": ticket.kind}
        self.office = office
        self.loaded: Loaded = filed(ticket, office)
        self.log = [
            Event(seq=1, type="filed", at=ticket.received_at, actor=REPORTER_ACTOR, body=body, released_at=RECEIVED)
        ]

    def fire(self, until: datetime) -> None:
        from complaints_service.sla.firing import due_commands

        while self.loaded.timers:
            at = max(min(timer.due_at for timer in self.loaded.timers), self.loaded.ticket.last_event_at)
            if at > until:
                return
            commands = due_commands(self.loaded.ticket, self.loaded.deadlines, self.loaded.timers, self.office, at)
            assert commands
            assert self.do(commands, at), commands

    def do(self, commands: list[c.AnyCommand], at: datetime) -> bool:
        actor = SYSTEM_ACTOR if isinstance(commands[0], c.FireRung) else actor_for(commands[0])
        performed = perform(self.loaded, commands, actor, at, self.office, REACTORS)
        if isinstance(performed, Refusal):
            return False
        self.loaded = after(self.loaded, performed)
        self.log += performed.events
        return True

    def history(self) -> History:
        log = [logged(event) for event in self.log]
        return history_of(1, row_of(self.loaded.ticket), log, self.loaded.deadlines)


def rows(deadlines: tuple[DeadlineRow, ...]) -> dict[tuple[str, int], DeadlineRow]:
    """By target and episode, without the number of the event that ended them: the log that is played has fewer events."""
    return {(row.target, row.episode): msgspec.structs.replace(row, ended_by_seq=None) for row in deadlines}


def told(rungs: tuple[FiredRung, ...]) -> list[tuple[object, ...]]:
    return [(r.at, r.rung, r.level, r.mail, r.recipients) for r in rungs]


# As they come from outside: closed sets as their enums.
REAL_COMMANDS = [msgspec.convert(msgspec.to_builtins(command), type(command)) for command in COMMANDS]
STEPS = st.lists(st.tuples(st.sampled_from(REAL_COMMANDS), st.integers(1, 400)), max_size=14)
TICKETS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["complaint", "information", "suggestion"]),
        "simple": st.booleans(),
        "oversight": st.booleans(),
        "assignee_id": st.sampled_from([None, 1]),
    }
)


def a_busy_office() -> Office:
    """Urgent cases must be taken up within the hour, and rungs raise priorities and take cases away."""
    policy = OFFICE.policies[1]
    urgent = [
        PolicyTarget("attend", None, None, None, None, None, 60, "calendar_minutes"),
        PolicyTarget("verify", None, None, "urgent", None, None, 240, "working_minutes"),
        PolicyTarget("answer", None, None, "urgent", None, None, 1440, "calendar_minutes"),
    ]
    usual = next(rung for rung in policy.rungs if rung.key == "answer-due")
    attend = [
        msgspec.structs.replace(
            usual, target="attend", position=place, key=f"attend-{place}", level=place, repeats=place == 1,
            offset_amount=7200 * place, offset_measure="calendar_minutes", anchor=("start", "previous")[place],
        )
        for place in (0, 1)
    ]  # fmt: skip
    more = {"answer-soon": {"raise_priority": "high"}, "answer-due": {"raise_priority": "urgent", "unassigns": True}}
    rungs = [msgspec.structs.replace(rung, **more.get(rung.key, {})) for rung in policy.rungs]
    changed = msgspec.structs.replace(
        policy, targets=(*urgent, *policy.targets), rungs=(*rungs, *attend), ladders={}, after_reopening="continue",
        after_transfer="restart",
    )  # fmt: skip
    return an_office(policies={1: changed})


BUSY = a_busy_office()


@settings(max_examples=50, deadline=None)
@given(TICKETS, STEPS, st.sampled_from([OFFICE, BUSY]))
def test_a_history_played_by_its_own_versions_is_what_the_clocks_really_did(
    values: dict[str, object], steps: list[tuple[c.AnyCommand, int]], office: Office
) -> None:
    diary, now = Diary(a_ticket(**values), office), RECEIVED
    for command, hours in steps:
        now += timedelta(hours=hours)
        diary.fire(now)
        diary.do([command], now)
    until = now + timedelta(days=40)
    diary.fire(until)
    history = diary.history()
    played = play(history, office_with(office, office.policies[1], office.calendars[1]), until)
    assert rows(played.deadlines) == rows(diary.loaded.deadlines)
    assert told(played.rungs) == told(history.fired)
    assert not played.cut


def a_life(*steps: tuple[float, c.AnyCommand], **values: object) -> tuple[History, datetime]:
    """The history of a ticket with deeds after so many days, up to 60 days after its receipt."""
    diary = Diary(a_ticket(**values))
    for days, command in steps:
        at = RECEIVED + timedelta(days=days)
        diary.fire(at)
        assert diary.do([command], at), command
    until = RECEIVED + timedelta(days=60)
    diary.fire(until)
    return diary.history(), until


def with_answer_in(days: int) -> Office:
    """The office with another amount for every answer."""
    policy = OFFICE.policies[1]
    targets = tuple(
        msgspec.structs.replace(row, amount=days) if row.target == "answer" else row for row in policy.targets
    )
    return office_with(OFFICE, msgspec.structs.replace(policy, version=0, targets=targets), OFFICE.calendars[1])


def answer_of(played: Played) -> DeadlineRow:
    return next(row for row in played.deadlines if row.target == "answer")


ANSWERED = ((1, c.Verify()), (2, c.Start()), (8, c.Answer(text="Sudah.")))


def test_a_shorter_promise_is_broken_and_climbs() -> None:
    history, until = a_life(*ANSWERED)
    assert answer_of(play(history, SAME, until)).breached_at is None
    played = play(history, with_answer_in(3), until)
    answer = answer_of(played)
    assert answer.breached_at == answer.due_at < RECEIVED + timedelta(days=4)
    assert [r.rung for r in played.rungs if r.target == "answer"][-1] == "answer-late"


def test_a_day_off_moves_the_date_and_a_pause_counts_as_it_was() -> None:
    document = seeded_office_document()
    closed = msgspec.structs.replace(document, days_off=(*document.days_off, "2026-11-25"))
    calendar = CalendarVersion(0, msgspec.json.encode(closed).decode())
    office = office_with(OFFICE, OFFICE.policies[1], calendar)
    history, until = a_life((1, c.Verify()), (2, c.Ask(text="Nomor?")), (6, c.Reply(text="123")))
    was, now = answer_of(play(history, SAME, until)), answer_of(play(history, office, until))
    assert now.due_at - was.due_at == timedelta(days=1)
    assert now.pauses == was.pauses != "[]"


def test_what_the_log_says_of_before_is_taken_back_from_the_row() -> None:
    history, _ = a_life(
        (0.1, c.Classify(oversight=True, priority=Priority.HIGH)),
        (1, c.Assign(unit="intaltuskim")),
        (2, c.Assign(assignee="petugas2")),
    )
    first = history.ticket
    assert (first.oversight, first.priority, first.unit_id, first.assignee_id) == (False, "normal", 10, None)
    assert first.status is Status.RECEIVED


def test_a_note_too_short_to_mean_anything_is_no_sign_of_life() -> None:
    for text, sign in (("ok", 0), ("Sudah ditelusuri ke loket tiga.", 20)):
        history, until = a_life((1, c.Verify()), (20, c.Note(text=text)))
        row = next(row for row in play(history, SAME, until).deadlines if row.target == "sign" and row.ended_at is None)
        assert row.started_at == RECEIVED + timedelta(days=sign or 1)


def test_a_played_lapse_is_a_rung_and_ends_nothing() -> None:
    policy = OFFICE.policies[1]
    targets = tuple(
        msgspec.structs.replace(row, amount=6) if row.target == "reporter" else row for row in policy.targets
    )
    office = office_with(OFFICE, msgspec.structs.replace(policy, version=0, targets=targets), OFFICE.calendars[1])
    history, until = a_life((1, c.Verify()), (2, c.Ask(text="Nomor?")), (20, c.Reply(text="123")))
    played = play(history, office, until)
    assert [r.act for r in played.rungs if r.rung == "reporter-lapse"] == ["lapse"]
    assert answer_of(played).ended_at is None
    assert answer_of(played).paused_at is None


def test_a_ladder_that_repeats_for_ever_is_cut() -> None:
    policy = OFFICE.policies[1]
    rungs = tuple(
        msgspec.structs.replace(rung, offset_measure="working_minutes", offset_amount=1)
        if rung.key == "answer-repeat"
        else rung
        for rung in policy.rungs
    )
    office = office_with(
        OFFICE, msgspec.structs.replace(policy, version=0, rungs=rungs, ladders={}), OFFICE.calendars[1]
    )
    history, until = a_life()
    played = play(history, office, until)
    assert played.cut
    assert len(played.rungs) <= MOST_RUNGS + 200


def test_a_log_without_its_filing_is_refused() -> None:
    with pytest.raises(ValueError, match="filing"):
        history_of(1, row_of(a_ticket()), [], ())
