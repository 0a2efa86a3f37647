"""A ticket's life as its log tells it: what it was when it was filed, and everything since that a clock may look at. Pure.

Left out are deeds that were taken back (and the taking back): their ten seconds change no promise. Of the clock's own entries only
closings and lapses are kept, because they changed the case; its rungs and moved dates are kept apart, as what really happened.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

import msgspec

from complaints_service.tickets.model import (
    ENDED,
    REPORTER_ACTOR,
    SYSTEM_ACTOR,
    Actor,
    ActorKind,
    Channel,
    Event,
    Kind,
    Priority,
    Privacy,
    Status,
    Ticket,
)
from complaints_service.tickets.port import DeadlineRow
from complaints_service.tickets.transitions import TRANSITIONS

_replace = msgspec.structs.replace

# What the clock writes by itself: a simulation makes its own.
CLOCKWORK = frozenset({"rung_fired", "deadlines_moved", "pause_ended"})
_SIGNS = {transition.event: transition.sign for transition in TRANSITIONS} | {"interim_answered": True}
# Deeds that give a case without an officer to the one who does them.
_TAKES = frozenset({"started", "asked", "answered", "interim_answered"})
_CLASSIFIED: dict[str, type] = {"kind": Kind, "priority": Priority}


class LoggedEvent(msgspec.Struct, frozen=True, array_like=True):
    """An entry of the log. ``substance``: of a note, whether it was one (a sign of life); of everything else None."""

    seq: int
    at: datetime
    type: str
    person_id: int | None
    body: msgspec.Raw
    substance: bool | None = None


class LoggedDeadline(msgspec.Struct, frozen=True, array_like=True):
    """Of a deadline's row what a simulation compares with."""

    target: str
    episode: int
    due_at: datetime
    policy_version: int
    calendar_version: int
    ended_at: datetime | None = None
    outcome: str | None = None
    paused_at: datetime | None = None


# A promise as it stands in the database, or as it was played.
AnyDeadline = LoggedDeadline | DeadlineRow


class LoggedTicket(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What the ticket's row says now; only its immutable fields and the last classification are of use."""

    id: int
    kind: str
    channel: str
    privacy: str
    category: str | None
    service: str | None
    priority: str
    simple: bool
    oversight: bool
    unit_id: int
    assignee_id: int | None
    reported_units: tuple[int, ...]
    reported_people: tuple[int, ...]
    received_at: datetime
    split_from: int | None
    policy_version: int
    calendar_version: int


class _Filed(msgspec.Struct, frozen=True):
    """What the first entry says of how the ticket began."""

    unit: int | None = None
    priority: str | None = None
    kind: str | None = None
    category: str | None = None
    service: str | None = None


class FiredRung(msgspec.Struct, frozen=True, kw_only=True):
    """A rung: when it fired, and what it told whom. ``act`` remind_reporter writes to the reporter."""

    at: datetime
    target: str
    rung: str
    level: int
    act: str
    mail: bool
    roll_up: bool = False
    recipients: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()


class _FiredBody(msgspec.Struct, frozen=True):
    target: str
    rung: str
    level: int
    act: str
    mail: bool
    roll_up: bool = False
    recipients: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()
    # What else the rung did: the priority before it, and whom it took the case from.
    raised: dict[str, str] | None = None
    unassigned: int | None = None

    def fired(self, at: datetime) -> FiredRung:
        return FiredRung(
            at=at,
            target=self.target,
            rung=self.rung,
            level=self.level,
            act=self.act,
            mail=self.mail,
            roll_up=self.roll_up,
            recipients=self.recipients,
            addresses=self.addresses,
        )

    def before(self) -> dict[str, object]:
        found: dict[str, object] = {}
        if self.raised:
            found["priority"] = self.raised["from"]
        if self.unassigned is not None:
            found["assignee_id"] = self.unassigned
        return found


class History(msgspec.Struct, frozen=True):
    """The ticket as filed, what happened since (oldest first, the filing included), the rungs that really fired, the rows that stand."""

    ticket: Ticket
    events: tuple[Event, ...]
    fired: tuple[FiredRung, ...]
    deadlines: tuple[AnyDeadline, ...]


_fired_decoder = msgspec.json.Decoder(_FiredBody)
_filed_decoder = msgspec.json.Decoder(_Filed)
_body_decoder = msgspec.json.Decoder(dict[str, object])


def history_of(
    office_id: int, row: LoggedTicket, log: list[LoggedEvent], deadlines: tuple[AnyDeadline, ...]
) -> History:
    """The history in a ticket's log (ordered, without what was taken back). Raises ValueError when it does not begin with a filing."""
    if not log or log[0].type != "filed":
        raise ValueError("a log begins with its filing")
    events: list[Event] = []
    fired: list[FiredRung] = []
    earlier: list[dict[str, object]] = []
    for entry in log:
        if entry.type == "rung_fired":
            rung = _fired_decoder.decode(entry.body)
            fired.append(rung.fired(entry.at))
            earlier.append(rung.before())
        elif entry.type not in CLOCKWORK:
            event = _event(entry)
            events.append(event)
            earlier.append(_before(event))
    return History(_as_filed(office_id, row, log[0], earlier), tuple(events), tuple(fired), deadlines)


def _event(entry: LoggedEvent) -> Event:
    body: dict[str, object] = {} if entry.type == "filed" else _body_decoder.decode(entry.body)
    if entry.substance is not None:
        body["substance"] = entry.substance
    if entry.person_id is not None:
        actor = Actor(ActorKind.PERSON, entry.person_id)
    else:
        actor = SYSTEM_ACTOR if entry.type in ("lapsed", "auto_closed") else REPORTER_ACTOR
    return Event(seq=entry.seq, type=entry.type, at=entry.at, actor=actor, body=body, released_at=entry.at)


def _as_filed(office_id: int, row: LoggedTicket, filing: LoggedEvent, earlier: list[dict[str, object]]) -> Ticket:
    """The ticket at its filing: what the filing says, and for the rest what the row says now with every later change taken back."""
    first = _filed_decoder.decode(filing.body)
    values: dict[str, object] = {
        "category": row.category,
        "service": row.service,
        "kind": row.kind,
        "priority": row.priority,
        "simple": row.simple,
        "oversight": row.oversight,
        "assignee_id": row.assignee_id,
        "unit_id": row.unit_id,
    }
    for before in reversed(earlier):
        values.update(before)
    values["unit_id"] = first.unit if first.unit is not None else values["unit_id"]
    for name in ("priority", "kind"):
        values[name] = getattr(first, name) or values[name]
    at = filing.at
    return Ticket(
        office_id=office_id,
        id=row.id,
        number="",
        status=Status.RECEIVED,
        status_before=Status.RECEIVED,
        released_at=at,
        kind=Kind(str(values["kind"])),
        channel=Channel(row.channel),
        privacy=Privacy(row.privacy),
        language="id",
        category=cast("str | None", values["category"]),
        service=cast("str | None", values["service"]),
        priority=Priority(str(values["priority"])),
        simple=bool(values["simple"]),
        oversight=bool(values["oversight"]),
        unit_id=cast("int", values["unit_id"]),
        assignee_id=cast("int | None", values["assignee_id"]),
        reported_units=row.reported_units,
        reported_people=row.reported_people,
        received_at=row.received_at,
        filed_by=None,
        next_due_at=None,
        last_sign_at=row.received_at,
        answered_at=None,
        ended_at=None,
        episode=0,
        level=0,
        requested_days=None,
        merged_into=None,
        split_from=row.split_from,
        policy_version=row.policy_version,
        calendar_version=row.calendar_version,
        key_id=0,
        seq=filing.seq,
        version=1,
        chain_seed=b"",
        chain_head=b"",
        last_event_at=at,
        last_act=None,
    )


def _before(event: Event) -> dict[str, object]:
    """What an entry says about the time before it."""
    body = event.body
    match event.type:
        case "classified":
            return cast("dict[str, object]", body.get("was") or {})
        case "priority_set":
            return {"priority": body["was"]}
        case "assigned":
            return {"assignee_id": body.get("assignee_was")} | (
                {"unit_id": body["unit_was"]} if "unit_was" in body else {}
            )
        case "started" | "asked" | "answered" | "interim_answered":
            return {"assignee_id": None} if body.get("assignee") is not None else {}
        case _:
            return {}


def applied(ticket: Ticket, event: Event) -> Ticket:
    """The ticket after an entry of its log: status, episode, classification, who holds it, signs of life."""
    body = event.body
    changes: dict[str, object] = {"seq": event.seq, "last_event_at": event.at}
    to = body.get("to")
    if isinstance(to, str):
        status = Status(to)
        changes["status"] = status
        changes["status_before"] = ticket.status
        changes["ended_at"] = event.at if status in ENDED else None
        if status is Status.ANSWERED:
            changes["answered_at"] = event.at
    if _SIGNS.get(event.type, False) and body.get("substance", True):
        changes["last_sign_at"] = event.at
    if "episode" in body and event.type in ("reopened", "replied"):
        changes |= {"episode": body["episode"], "level": 0, "answered_at": None}
    match event.type:
        case "classified":
            for name, value in cast("dict[str, object]", body.get("now") or {}).items():
                changes[name] = _CLASSIFIED[name](value) if name in _CLASSIFIED else value
        case "priority_set":
            changes["priority"] = Priority(str(body["now"]))
        case "assigned" if body.get("unit") is not None:
            changes |= {"unit_id": body["unit"], "assignee_id": None}
        case "assigned":
            changes["assignee_id"] = body.get("assignee")
        case _ if event.type in _TAKES and ticket.assignee_id is None:
            changes["assignee_id"] = event.actor.person_id
        case _:
            pass
    return _replace(ticket, **changes)
