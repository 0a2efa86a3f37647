"""What happened since a message was queued decides whether it is still owed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from complaints_service.demo.office_value import demo_office
from complaints_service.notifications.facts import Addressed, Claimed, DeadlineFacts, Outcome, TicketFacts
from complaints_service.notifications.owed import NotOwed, Unreachable, judge
from complaints_service.office.model import Role

NOW = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
OFFICE = demo_office()
HEAD = next(p for p in OFFICE.people.values() if p.role is Role.HEAD)


def a_deadline(target: str = "answer", **changes: object) -> DeadlineFacts:
    plain = DeadlineFacts(
        target=target,
        episode=0,
        started_at=NOW - timedelta(days=20),
        due_at=NOW - timedelta(hours=2),
        amount=14,
        measure="working_days",
        paused_at=None,
        ended_at=None,
    )
    return msgspec.structs.replace(plain, **changes)


def facts(**changes: object) -> TicketFacts:
    plain = msgspec.convert(
        {
            "id": 417,
            "number": "LT-2026-000417",
            "status": "in_progress",
            "status_before": "in_progress",
            "released_at": NOW,
            "kind": "complaint",
            "channel": "web",
            "privacy": "open",
            "language": "id",
            "category": "keterlambatan",
            "service": "paspor-baru",
            "priority": "normal",
            "unit_id": 4,
            "assignee_id": 7,
            "reported_units": [],
            "reported_people": [],
            "received_at": NOW,
            "last_sign_at": NOW - timedelta(days=9),
            "answered_at": None,
            "ended_at": None,
            "episode": 0,
            "level": 1,
            "requested_days": None,
            "version": 3,
            "key_id": 1,
            "email": "siti@example.org",
            "message": None,
            "event": None,
            "deadlines": [],
            "recent": [],
        },
        TicketFacts,
    )
    return msgspec.structs.replace(plain, **{"deadlines": (a_deadline(),), **changes})


def a_message(kind: str = "rung", *, ticket: TicketFacts | None = None, **row: object) -> Addressed:
    values: dict[str, object] = {
        "office_id": 1,
        "id": 1,
        "ticket_id": 417,
        "event_seq": 6,
        "dedupe_key": "417:0:6:rung:person:3",
        "kind": kind,
        "way": "email",
        "recipient": "person",
        "person_id": HEAD.id,
        "chat_id": None,
        "address": None,
        "params": '{"target":"answer","level":2}',
        "escalation": True,
        "created_at": NOW - timedelta(minutes=1),
        "attempts": 1,
        "uncertain": 0,
        "message_id": "<x@y>",
        **row,
    }
    claimed = msgspec.convert(values, Claimed)
    person = OFFICE.people.get(claimed.person_id or -1)
    words = ticket.message if ticket is not None else None
    outcome = Outcome(type="answered", undone=False, words=words) if kind == "merged_outcome" else None
    return Addressed(row=claimed, office=OFFICE, at=NOW, ticket=ticket or facts(), person=person, outcome=outcome)


def test_an_escalation_is_owed_while_the_promise_runs() -> None:
    assert judge(a_message()) is None


@pytest.mark.parametrize("status", ["closed", "rejected", "forwarded", "merged", "withdrawn"])
def test_nobody_hears_of_a_ticket_that_has_ended(status: str) -> None:
    assert judge(
        a_message(ticket=msgspec.convert({**msgspec.to_builtins(facts()), "status": status}, TicketFacts))
    ) is (NotOwed.ENDED)


def test_an_answer_ends_the_escalation_only_when_it_can_no_longer_be_undone() -> None:
    undoable = facts(deadlines=(a_deadline(ended_at=NOW + timedelta(seconds=5)),))
    assert judge(a_message(ticket=undoable)) is None
    final = facts(deadlines=(a_deadline(ended_at=NOW),))
    assert judge(a_message(ticket=final)) is NotOwed.ACTED_ON


def test_a_question_to_the_reporter_pauses_the_clock_and_its_escalations() -> None:
    assert judge(a_message(ticket=facts(deadlines=(a_deadline(paused_at=NOW),)))) is NotOwed.ACTED_ON


def test_a_rung_of_an_episode_that_is_over_is_not_owed() -> None:
    reopened = facts(deadlines=(a_deadline(ended_at=NOW), a_deadline(episode=1, started_at=NOW)))
    assert judge(a_message(ticket=reopened)) is NotOwed.NEW_EPISODE


def test_a_new_date_calls_off_the_news_that_the_old_one_was_missed() -> None:
    later = facts(deadlines=(a_deadline(due_at=NOW + timedelta(days=3)),))
    missed = '{"target":"answer","level":1,"breach":true}'
    assert judge(a_message(params=missed)) is None
    assert judge(a_message(params=missed, ticket=later)) is NotOwed.NEW_DEADLINE
    assert judge(a_message(ticket=later)) is None, "a reminder says when it is due now"


def test_a_sign_of_life_ends_the_rung_about_silence() -> None:
    silent = a_message(params='{"target":"sign","level":1}')
    assert judge(silent) is None
    assert judge(a_message(params='{"target":"sign"}', ticket=facts(last_sign_at=NOW))) is NotOwed.ACTED_ON


def test_one_who_is_complained_about_never_gets_the_mail() -> None:
    assert judge(a_message(ticket=facts(reported_people=(HEAD.id,)))) is NotOwed.PERSON_NAMED
    assert judge(a_message(ticket=facts(reported_units=(HEAD.unit_id,)))) is NotOwed.PERSON_NAMED


def test_an_assignment_that_went_on_to_somebody_else_is_not_owed() -> None:
    assert judge(a_message("assigned", ticket=facts(assignee_id=HEAD.id))) is None
    assert judge(a_message("assigned", ticket=facts(assignee_id=99))) is NotOwed.ACTED_ON


def test_an_answer_to_the_reporter_is_owed_whatever_follows() -> None:
    row = {"recipient": "reporter", "person_id": None}
    assert judge(a_message("answer", ticket=facts(), **row)) is None
    assert judge(a_message("answer", ticket=facts(email=None), **row)) is Unreachable.NO_ADDRESS


def test_a_message_that_can_reach_nobody_says_so() -> None:
    assert judge(a_message(person_id=999)) is Unreachable.PERSON_GONE
    gone = msgspec.structs.replace(a_message(), person=msgspec.structs.replace(HEAD, active=False))
    assert judge(gone) is Unreachable.PERSON_INACTIVE
    mute = msgspec.structs.replace(a_message(), person=msgspec.structs.replace(HEAD, email=None))
    assert judge(mute) is Unreachable.NO_ADDRESS
    assert judge(a_message("chat", ticket_id=None, recipient="chat")) is Unreachable.CHAT_GONE
