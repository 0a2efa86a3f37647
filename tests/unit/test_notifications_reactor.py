"""Who hears of what: from events to rows of the outbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from complaints_service.demo.office_value import demo_office
from complaints_service.keys import Keys
from complaints_service.notifications.reactor import NotificationReactor
from complaints_service.tickets.model import REPORTER_ACTOR, SYSTEM_ACTOR, Actor, ActorKind, Complaint, Event, Ticket
from complaints_service.tickets.port import Change, OutboxRow

NOW = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
OFFICE = demo_office()
OFFICER = Actor(ActorKind.PERSON, 7, "officer", "Petugas")


def a_ticket(**changes: object) -> Ticket:
    plain = msgspec.convert(
        {
            "office_id": 1,
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
            "simple": False,
            "oversight": False,
            "unit_id": 4,
            "assignee_id": 7,
            "reported_units": (),
            "reported_people": (),
            "received_at": NOW,
            "filed_by": None,
            "next_due_at": None,
            "last_sign_at": NOW,
            "answered_at": None,
            "ended_at": None,
            "episode": 0,
            "level": 0,
            "requested_days": None,
            "merged_into": None,
            "split_from": None,
            "policy_version": 1,
            "calendar_version": 1,
            "key_id": 1,
            "seq": 5,
            "version": 3,
            "chain_seed": b"",
            "chain_head": b"",
            "last_event_at": NOW,
            "last_act": None,
        },
        Ticket,
    )
    return msgspec.structs.replace(plain, **changes)


def rows(
    kind: str,
    body: dict[str, object] | None = None,
    *,
    actor: Actor = OFFICER,
    after: Ticket | None = None,
    ways: tuple[str, ...] = ("email", "whatsapp"),
    chat_id: int | None = 9,
    released_at: datetime = NOW,
    filed: bool = False,
    complaint: Complaint | None = None,
) -> list[OutboxRow]:
    ticket = after or a_ticket()
    event = Event(seq=6, type=kind, at=NOW, actor=actor, body=body or {}, released_at=released_at)
    change = Change(
        before=None if filed else a_ticket(),
        after=ticket,
        command=None,
        events=(event,),
        actor=actor,
        now=NOW,
        office=OFFICE,
        reporter_ways=ways,
        chat_id=chat_id,
        complaint=complaint,
    )
    made = NotificationReactor(Keys(b"k" * 32), "pengaduan@imigrasi.example").react(change)
    assert made == msgspec.structs.replace(made, deadlines=(), timers=(), alarms=()), "only the outbox is filled"
    return list(made.outbox)


def told(found: list[OutboxRow]) -> set[tuple[str, str, int | None]]:
    return {(row.kind, row.recipient, row.person_id) for row in found}


def test_a_new_complaint_is_answered_with_a_receipt_by_every_way_of_the_reporter() -> None:
    found = rows("filed", filed=True, after=a_ticket(id=0))
    assert told(found) == {("receipt", "reporter", None), ("receipt", "chat", None)}
    assert all(row.ticket_id == 0 and row.dedupe_key.startswith("{t}:0:6:receipt:") for row in found)
    assert next(row.chat_id for row in found if row.recipient == "chat") == 9


def test_the_receipt_of_a_chat_goes_to_the_chat_of_the_complaint() -> None:
    complaint = Complaint(description="Sudah lama menunggu", chat_id=12)
    found = rows("filed", filed=True, ways=("whatsapp",), chat_id=None, complaint=complaint)
    assert [(row.kind, row.chat_id) for row in found] == [("receipt", 12)]


def test_nobody_can_be_told_without_a_way() -> None:
    assert rows("filed", filed=True, ways=()) == []
    assert rows("answered", ways=()) == []


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("asked", "question"),
        ("answered", "answer"),
        ("interim_answered", "interim_answer"),
        ("rejected", "rejected"),
        ("forwarded", "forwarded"),
        ("merged", "merged"),
        ("withdrawn", "withdrawn"),
        ("lapsed", "lapsed"),
        ("closed", "closed"),
        ("auto_closed", "closed"),
    ],
)
def test_what_the_office_does_is_told_to_the_reporter(event: str, kind: str) -> None:
    assert told(rows(event, ways=("email",))) == {(kind, "reporter", None)}


@pytest.mark.parametrize("event", ["verified", "started", "classified", "noted", "acknowledged", "rated", "undone"])
def test_inner_steps_are_told_to_nobody(event: str) -> None:
    assert rows(event) == []


def test_an_officers_words_wait_for_the_ten_seconds_of_undo() -> None:
    found = rows("answered", released_at=NOW + timedelta(seconds=10))
    assert {row.released_at for row in found} == {NOW + timedelta(seconds=10)}


def test_one_is_told_of_an_assignment_but_not_of_ones_own() -> None:
    superior = Actor(ActorKind.PERSON, 8, "supervisor", "Atasan")
    assert told(rows("assigned", {"assignee": 7}, actor=superior)) == {("assigned", "person", 7)}
    assert rows("assigned", {"assignee": 7}, actor=OFFICER) == []
    assert rows("assigned", {"unit": 5}, actor=superior, after=a_ticket(assignee_id=None)) == []


RUNG = {"target": "answer", "rung": "answer-due", "level": 1, "occurrence": 0, "breach": True, "act": "notify"}


def test_a_rung_goes_to_the_people_the_ladder_has_resolved_each_once() -> None:
    found = rows("rung_fired", {**RUNG, "recipients": [3, 4, 3], "mail": True}, actor=SYSTEM_ACTOR)
    assert told(found) == {("rung", "person", 3), ("rung", "person", 4)}
    assert all(row.escalation and row.way == "email" for row in found)
    assert msgspec.json.decode(found[0].params)["rung"] == "answer-due"


def test_after_an_outage_only_the_highest_rung_is_mailed() -> None:
    assert rows("rung_fired", {**RUNG, "recipients": [3], "mail": False}, actor=SYSTEM_ACTOR) == []


def test_the_last_rung_tells_the_reporter_about_the_way_beyond_the_office() -> None:
    last = {**RUNG, "level": 3, "recipients": [3], "mail": True}
    assert ("beyond", "reporter", None) in told(rows("rung_fired", last, actor=SYSTEM_ACTOR))
    again = {**last, "occurrence": 1}
    assert ("beyond", "reporter", None) not in told(rows("rung_fired", again, actor=SYSTEM_ACTOR))


@pytest.mark.parametrize(("target", "kind"), [("reporter", "reminder_reporter"), ("closing", "reminder_closing")])
def test_the_clock_reminds_the_reporter(target: str, kind: str) -> None:
    body = {"target": target, "act": "remind_reporter", "level": 0, "mail": True, "recipients": []}
    assert told(rows("rung_fired", body, actor=SYSTEM_ACTOR, ways=("email",))) == {(kind, "reporter", None)}


def test_an_escalation_by_hand_and_a_request_for_time_go_to_the_superiors() -> None:
    found = rows("escalated", {"level": 2, "recipients": [3], "mail": True})
    assert told(found) == {("manual_escalation", "person", 3)}
    assert found[0].escalation
    assert told(rows("time_requested", {"working_days": 5, "recipients": [3, 7]})) == {("time_requested", "person", 3)}


def test_granted_time_is_told_to_the_officer_and_to_the_reporter_whose_date_moves() -> None:
    superior = Actor(ActorKind.PERSON, 8, "supervisor", "Atasan")
    granted = rows("time_granted", {"assignee": 7}, actor=superior, ways=("email",))
    assert told(granted) == {("time_granted", "reporter", None), ("time_answered", "person", 7)}
    assert told(rows("time_refused", {"assignee": 7}, actor=superior)) == {("time_answered", "person", 7)}


def test_a_reply_that_reopens_is_told_to_the_officer_and_one_that_settles_to_the_reporter() -> None:
    reopens = rows("replied", {"reopens": True}, actor=REPORTER_ACTOR, ways=("email",))
    assert told(reopens) == {("reopened", "person", 7)}
    settles = rows("replied", {"resolved": True}, actor=REPORTER_ACTOR, ways=("email",))
    assert told(settles) == {("closed", "reporter", None)}
    assert rows("replied", actor=REPORTER_ACTOR) == []


def test_the_message_id_depends_on_the_row_alone() -> None:
    first, again = rows("answered", ways=("email",)), rows("answered", ways=("email",))
    assert first[0].message_id == again[0].message_id
    assert first[0].message_id.endswith("@imigrasi.example>")
    assert rows("asked", ways=("email",))[0].message_id != first[0].message_id
    new = rows("filed", filed=True, ways=("email",)), rows("filed", filed=True, ways=("email",))
    assert new[0][0].message_id != new[1][0].message_id


def test_a_row_holds_no_secret_and_nothing_personal() -> None:
    complaint = Complaint(description="Nomor saya 0812", reporter_name="Siti Rahma", reporter_email="siti@example.org")
    text = msgspec.json.encode(rows("filed", filed=True, complaint=complaint)).decode()
    code = Keys(b"k" * 32).tracking_code(1, 417, 1)
    assert not any(word in text for word in ("Siti", "siti@", "0812", code))
