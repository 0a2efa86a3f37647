"""From commands to rows: decide, let the reactors add theirs, close the chain. Pure but for fresh salts; ``service`` stores it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from complaints_service.office.model import Office
from complaints_service.tickets.commands import AnyCommand, AutoClose, FireRung, GrantTime, Lapse, RequestTime
from complaints_service.tickets.given import TimeRequest
from complaints_service.tickets.lifecycle import Decision, Refusal, decide
from complaints_service.tickets.model import SYSTEM_ACTOR, Actor, Event, Ticket
from complaints_service.tickets.more_time import days_left
from complaints_service.tickets.port import Change, DeadlineRow, Effects, Reactor, Recomputed, TimerRow
from complaints_service.tickets.rows import as_json, chain_events, ticket_row


class Loaded(msgspec.Struct, frozen=True):
    """A ticket under its lock, with its clocks and the ways to reach its reporter."""

    ticket: Ticket
    deadlines: tuple[DeadlineRow, ...]
    timers: tuple[TimerRow, ...]
    reporter_ways: tuple[str, ...]
    chat_id: int | None
    # Rows that newer versions of policy and calendar have made different (see ``port.Change``).
    recomputed: tuple[DeadlineRow, ...] = ()


class Performed(msgspec.Struct, frozen=True):
    """What commands made of a ticket, ready to be written."""

    ticket: Ticket
    events: tuple[Event, ...]
    effects: Effects


def perform(
    loaded: Loaded,
    commands: Sequence[AnyCommand],
    actor: Actor,
    now: datetime,
    office: Office,
    reactors: Sequence[Reactor],
    *,
    other: Ticket | None = None,
    new_number: str | None = None,
    request: TimeRequest | None = None,
) -> Performed | Refusal:
    """Carry out commands one after the other, then let every reactor see the whole change once. The first refusal ends it."""
    ticket = loaded.ticket
    events: list[Event] = []
    for command in commands:
        left = days_left(ticket, loaded.deadlines) if isinstance(command, RequestTime | GrantTime) else None
        decision = decide(ticket, command, actor, now, office, other, new_number, request=request, days_left=left)
        if isinstance(decision, Refusal):
            return decision
        ticket = decision.ticket
        events += decision.events
    effects = react(
        Change(
            before=loaded.ticket,
            after=ticket,
            command=commands[-1],
            events=tuple(events),
            actor=actor,
            now=now,
            office=office,
            deadlines=loaded.deadlines,
            timers=loaded.timers,
            recomputed=loaded.recomputed,
            reporter_ways=loaded.reporter_ways,
            chat_id=loaded.chat_id,
        ),
        reactors,
    )
    return Performed(msgspec.structs.replace(ticket, next_due_at=effects.next_due_at), tuple(events), effects)


def settled(loaded: Loaded, now: datetime, office: Office, reactors: Sequence[Reactor]) -> Performed:
    """A ticket whose clocks are brought in line with its state without anything having happened to it."""
    change = Change(
        before=loaded.ticket,
        after=loaded.ticket,
        command=None,
        events=(),
        actor=SYSTEM_ACTOR,
        now=now,
        office=office,
        deadlines=loaded.deadlines,
        timers=loaded.timers,
        recomputed=loaded.recomputed,
    )
    return Performed(loaded.ticket, (), react(change, reactors))


def brought_up(
    loaded: Loaded, made: Recomputed, now: datetime, office: Office, reactors: Sequence[Reactor]
) -> Performed | Refusal:
    """A ticket that lagged, on the versions it has to follow, with the rungs that are due because of that (D3).

    Where nothing has moved there is no event; versions and timers are written all the same.
    """
    loaded = msgspec.structs.replace(loaded, ticket=made.ticket, recomputed=made.deadlines)
    if made.commands:
        return perform(loaded, made.commands, SYSTEM_ACTOR, now, office, reactors)
    performed = settled(loaded, now, office, reactors)
    ticket = msgspec.structs.replace(made.ticket, next_due_at=performed.effects.next_due_at)
    return msgspec.structs.replace(performed, ticket=ticket)


def ends_case(command: AnyCommand) -> bool:
    """Whether the clock ends the case with this; its armed timer brings it again unless the deed calls it off."""
    return isinstance(command, Lapse | AutoClose) or (
        isinstance(command, FireRung) and command.act in ("lapse", "close")
    )


def react(change: Change, reactors: Sequence[Reactor]) -> Effects:
    """Ask the reactors in order; each sees what the ones before it added."""
    effects = change.effects
    for reactor in reactors:
        more = reactor.react(msgspec.structs.replace(change, effects=effects))
        effects = Effects(
            deadlines=effects.deadlines + more.deadlines,
            timers=effects.timers + more.timers,
            outbox=effects.outbox + more.outbox,
            cancel_escalations=effects.cancel_escalations or more.cancel_escalations,
            next_due_at=effects.next_due_at or more.next_due_at,
            alarms=effects.alarms + more.alarms,
        )
    return effects


class Written(msgspec.Struct, frozen=True):
    """Parameters of the statement ``write_changes``."""

    tickets: str
    events: str
    messages: str
    deadlines: str
    timers: str
    outbox: str
    undone: str
    cancelled: str
    ratings: str
    alarms: str

    def parameters(self) -> dict[str, str]:
        """By name, as the query takes them."""
        return msgspec.structs.asdict(self)


def written(changes: Iterable[tuple[Ticket, Performed]]) -> Written:
    """Rows of many changes, each given with the ticket before it."""
    tickets: list[object] = []
    events: list[object] = []
    messages: list[object] = []
    deadlines: list[object] = []
    timers: list[object] = []
    outbox: list[object] = []
    undone: list[object] = []
    cancelled: list[object] = []
    ratings: list[object] = []
    alarms: list[object] = []
    for before, performed in changes:
        chained = chain_events(before, performed.events)
        key = {"office_id": before.office_id, "ticket_id": before.id}
        if writes_ticket(before, performed):
            tickets.append(ticket_row(msgspec.structs.replace(performed.ticket, chain_head=chained.head)))
        events += chained.events
        messages += chained.messages
        deadlines += performed.effects.deadlines
        timers += performed.effects.timers
        outbox += performed.effects.outbox
        for event in performed.events:
            if event.undoes is not None:
                undone.append(key | {"seq": event.undoes, "by": event.seq})
                cancelled.append(key | {"seq": event.undoes})
            if event.type == "rated":
                ratings.append(_rating_row(key, performed.ticket, event))
        if performed.effects.cancel_escalations:
            cancelled.append(key | {"seq": None, "until": _while_undoable(performed.events)})
        alarms += [
            {"office_id": before.office_id, "key": alarm, "what": alarm.split(":")[0]}
            for alarm in performed.effects.alarms
        ]
    return Written(
        *(
            as_json(rows)
            for rows in (tickets, events, messages, deadlines, timers, outbox, undone, cancelled, ratings, alarms)
        )
    )


def writes_ticket(before: Ticket, performed: Performed) -> bool:
    """Whether the ticket's own row is written: something happened to it, or it follows newer versions though nothing has moved."""
    after = performed.ticket
    return bool(performed.events) or (
        (before.policy_version, before.calendar_version) != (after.policy_version, after.calendar_version)
    )


def _while_undoable(events: tuple[Event, ...]) -> datetime | None:
    """Until when a deed can be taken back: its escalations wait for that, and whoever sends them then sees whether they are owed."""
    last = events[-1] if events else None
    return last.released_at if last is not None and last.released_at > last.at else None


def _rating_row(key: dict[str, int], ticket: Ticket, event: Event) -> dict[str, object]:
    return key | {
        "episode": ticket.episode,
        "at": event.at,
        "score": event.body["score"],
        "elements": as_json(event.body["elements"]),
        "event_seq": event.seq,
    }


__all__ = [
    "Decision",
    "Loaded",
    "Performed",
    "Written",
    "brought_up",
    "ends_case",
    "perform",
    "react",
    "settled",
    "writes_ticket",
    "written",
]
