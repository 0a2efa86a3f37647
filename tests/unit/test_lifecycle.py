"""The rules of the lifecycle, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints_service.tickets import commands as c
from complaints_service.tickets.lifecycle import Decision, Refusal, decide
from complaints_service.tickets.lifecycle_page import markdown
from complaints_service.tickets.model import ENDED, REPORTER_ACTOR, SYSTEM_ACTOR, Actor, ActorKind, Status, Ticket
from complaints_service.tickets.transitions import BY_COMMAND, TRANSITIONS, allowed
from tests.unit.values import a_ticket, an_office

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
OFFICER = Actor(ActorKind.PERSON, 1, "officer", "Petugas")
SUPERVISOR = Actor(ActorKind.PERSON, 3, "supervisor", "Atasan")
COMMANDS: list[c.AnyCommand] = [
    c.Verify(),
    c.Classify(priority="high"),
    c.SetPriority(priority="urgent"),
    c.Assign(unit="intaltuskim"),
    c.Start(),
    c.Ask(text="Nomor?"),
    c.Note(text="Catatan yang cukup panjang untuk berarti."),
    c.Answer(text="Sudah."),
    c.Answer(text="Sebentar.", resolves=False),
    c.Reject(reason="bukan wewenang", text="Maaf."),
    c.Forward(agency="Dukcapil", text="Diteruskan."),
    c.Escalate(reason="mendesak"),
    c.Reopen(reason="keliru"),
    c.Close(),
    c.RequestTime(reason="berkas", working_days=3),
    c.GrantTime(),
    c.RefuseTime(reason="tidak"),
    c.Reply(text="Halo"),
    c.Reply(resolved=True),
    c.Rate(score=2),
    c.Withdraw(),
    c.Lapse(),
    c.AutoClose(),
]


def act(ticket: Ticket, command: c.AnyCommand, actor: Actor, now: datetime = NOW) -> Decision | Refusal:
    return decide(ticket, command, actor, now, an_office())


def actor_for(command: c.AnyCommand) -> Actor:
    kind = BY_COMMAND[command.name].actor
    if kind is ActorKind.PERSON:
        return SUPERVISOR
    return REPORTER_ACTOR if kind is ActorKind.REPORTER else SYSTEM_ACTOR


def test_the_page_of_the_docs_is_made_from_the_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "lifecycle.md"
    assert page.read_text() == markdown(), (
        "run: python -m complaints_service.tickets.lifecycle_page > docs/lifecycle.md"
    )


def test_every_command_has_one_line_in_the_table() -> None:
    names = [transition.command for transition in TRANSITIONS]
    assert len(names) == len(set(names))
    assert {command.name for command in COMMANDS} | {
        "merge",
        "split",
        "undo",
        "acknowledge",
        "ask_data",
        "fire_rung",
        "recompute",
        "end_pause",
        "end_hold",
        "release",
    } == set(names)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
@pytest.mark.parametrize("status", list(Status))
def test_what_the_table_does_not_name_is_refused(status: Status, command: c.AnyCommand) -> None:
    ticket = a_ticket(status=status, requested_days=2)
    outcome = act(ticket, command, actor_for(command))
    if status not in BY_COMMAND[command.name].sources:
        assert isinstance(outcome, Refusal)
        assert outcome.code == "wrong_status"


@given(st.lists(st.tuples(st.sampled_from(COMMANDS), st.integers(0, 20_000)), max_size=25))
def test_any_order_of_commands_keeps_the_log_whole(steps: list[tuple[c.AnyCommand, int]]) -> None:
    ticket, now = a_ticket(), NOW
    for command, seconds in steps:
        now += timedelta(seconds=seconds)
        outcome = act(ticket, command, actor_for(command), now)
        if isinstance(outcome, Refusal):
            continue
        after, (event,) = outcome.ticket, outcome.events
        assert (event.seq, after.seq) == (ticket.seq + 1, ticket.seq + 1)
        assert event.at >= ticket.last_event_at
        assert after.version - ticket.version in (0, 1)
        assert (after.ended_at is not None) == (after.status in ENDED)
        assert after.episode >= ticket.episode
        ticket = after


def test_an_officer_may_not_grant_time_but_a_supervisor_may() -> None:
    ticket = a_ticket(status=Status.IN_PROGRESS, requested_days=3)
    assert isinstance(act(ticket, c.GrantTime(), OFFICER), Refusal)
    assert isinstance(act(ticket, c.GrantTime(), SUPERVISOR), Decision)
    assert "grant_time" in allowed(ticket, SUPERVISOR)
    assert "grant_time" not in allowed(ticket, OFFICER)
    assert "grant_time" not in allowed(msgspec.structs.replace(ticket, requested_days=None), SUPERVISOR)


def test_an_escalation_is_acknowledged_where_there_has_been_one() -> None:
    ticket = a_ticket(status=Status.IN_PROGRESS)
    assert "acknowledge" not in allowed(ticket, SUPERVISOR)
    assert "acknowledge" in allowed(msgspec.structs.replace(ticket, level=1), SUPERVISOR)
    # The button of a reminder, which climbs nowhere, works all the same.
    assert isinstance(act(ticket, c.Acknowledge(), OFFICER), Decision)


def test_the_citizen_sees_an_officers_deed_after_ten_seconds() -> None:
    outcome = act(a_ticket(), c.Verify(), OFFICER)
    assert isinstance(outcome, Decision)
    assert outcome.ticket.status_for_citizen(NOW + timedelta(seconds=9)) is Status.RECEIVED
    assert outcome.ticket.status_for_citizen(NOW + timedelta(seconds=10)) is Status.VERIFIED


def test_undo_brings_back_every_value_the_deed_replaced() -> None:
    ticket = a_ticket(status=Status.IN_PROGRESS, assignee_id=None)
    answered = act(ticket, c.Answer(text="Keliru"), OFFICER)
    assert isinstance(answered, Decision)
    undone = act(answered.ticket, c.Undo(event=answered.ticket.seq), OFFICER, NOW + timedelta(seconds=5))
    assert isinstance(undone, Decision)
    same = ("status", "assignee_id", "answered_at", "ended_at", "episode", "status_before", "released_at")
    assert [getattr(undone.ticket, n) for n in same] == [getattr(ticket, n) for n in same]


def test_a_case_never_goes_to_the_unit_or_person_it_is_about() -> None:
    ticket = a_ticket(reported_units=(11,), reported_people=(1,))
    refused = act(ticket, c.Assign(unit="intaltuskim"), SUPERVISOR)
    assert isinstance(refused, Refusal)
    assert refused.code == "reported_unit"
    assert isinstance(act(ticket, c.Assign(assignee="petugas"), SUPERVISOR), Refusal)


def test_a_reply_long_after_closing_is_refused_with_a_way_on() -> None:
    ticket = a_ticket(status=Status.CLOSED, ended_at=NOW - timedelta(days=31))
    outcome = act(ticket, c.Reply(text="Muncul lagi"), REPORTER_ACTOR)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "closed_too_long"


def test_what_is_held_is_released_by_a_word_a_deed_or_the_clock_and_by_no_rejection() -> None:
    held = a_ticket(held_until=NOW + timedelta(hours=24))
    assert "release" in allowed(held, OFFICER)
    assert "release" not in allowed(a_ticket(), OFFICER)
    assert isinstance(act(a_ticket(), c.Release(), OFFICER), Refusal)
    for command, actor in ((c.Release(), OFFICER), (c.EndHold(), SYSTEM_ACTOR), (c.Verify(), OFFICER)):
        released = act(held, command, actor)
        assert isinstance(released, Decision)
        assert released.ticket.held_until is None
        assert released.ticket.unseen == isinstance(command, c.EndHold)
    unseen = a_ticket(unseen=True)
    for command, still in ((c.Verify(), False), (c.Reject(reason="program", text="Satu dari banyak."), True)):
        done = act(unseen, command, OFFICER)
        assert isinstance(done, Decision)
        assert done.ticket.unseen is still
        taken_back = act(done.ticket, c.Undo(event=done.events[0].seq), OFFICER)
        assert isinstance(taken_back, Decision)
        assert taken_back.ticket.unseen
    rejected = act(held, c.Reject(reason="program", text="Satu dari banyak."), OFFICER)
    noted = act(held, c.Note(text="Mirip dengan kiriman kemarin."), OFFICER)
    assert isinstance(rejected, Decision)
    assert isinstance(noted, Decision)
    assert rejected.ticket.held_until == noted.ticket.held_until == held.held_until
    assert not rejected.ticket.held
    taken_back = act(rejected.ticket, c.Undo(event=rejected.events[0].seq), OFFICER)
    assert isinstance(taken_back, Decision)
    assert taken_back.ticket.held
