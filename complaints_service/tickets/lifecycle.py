"""A ticket changes only by a command (D2): ``decide`` is pure, over the table in ``transitions``."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.office.model import Office
from complaints_service.tickets.commands import AnyCommand
from complaints_service.tickets.given import Given, TimeRequest
from complaints_service.tickets.model import ENDED, Actor, ActorKind, Event, NewMessage, Status, Ticket
from complaints_service.tickets.outcomes import outcome_of
from complaints_service.tickets.transitions import (
    BY_COMMAND,
    TRANSITIONS,
    UNDO_WINDOW,
    LastAct,
    Outcome,
    Refusal,
    Transition,
    allowed,
    permitted,
)

__all__ = ["TRANSITIONS", "Decision", "Refusal", "allowed", "decide"]


class Decision(msgspec.Struct, frozen=True):
    """The ticket after the command and the events that lead there; the chain is still to be closed over them."""

    ticket: Ticket
    events: tuple[Event, ...]


def decide(
    ticket: Ticket,
    command: AnyCommand,
    actor: Actor,
    now: datetime,
    office: Office,
    other: Ticket | None = None,
    new_number: str | None = None,
    *,
    request: TimeRequest | None = None,
    days_left: int | None = None,
) -> Decision | Refusal:
    """What a command does to a ticket at office time ``now`` (aware, UTC), or why it does nothing.

    Events never run backwards: an event's time is at least that of the one before it.
    """
    transition = BY_COMMAND[command.name]
    if not permitted(transition, actor):
        return Refusal("not_permitted", "Your role does not allow this step.")
    at = max(now, ticket.last_event_at)
    # The reporter may also act on what the page still shows: a deed of the office that can be undone is not there yet (D2).
    seen = ticket.status_for_citizen(at) if actor.kind is ActorKind.REPORTER else ticket.status
    if transition.sources.isdisjoint((ticket.status, seen)):
        return Refusal("wrong_status", "This step is not possible while the ticket has its present status.")
    outcome = outcome_of(command, Given(ticket, actor, at, office, other, new_number, request, days_left))
    if isinstance(outcome, Refusal):
        return outcome
    if outcome.message is not None and not outcome.message[1].strip() and not getattr(command, "attachments", ()):
        # Nobody is told blanks, and no step counts as done with them.
        return Refusal("empty", "This field is required.", field="/text" if hasattr(command, "text") else "/reason")
    return _carry_out(ticket, transition, outcome, actor, at)


def _carry_out(ticket: Ticket, transition: Transition, outcome: Outcome, actor: Actor, at: datetime) -> Decision:
    status = outcome.status or transition.target or ticket.status
    by_person = actor.kind is ActorKind.PERSON
    released_at = at + UNDO_WINDOW if by_person and transition.undoable else at
    seq = ticket.seq + 1
    changes: dict[str, object] = dict(outcome.changes)
    if status is not ticket.status:
        changes["status"] = status
        if outcome.undoes is None:  # an undo brings back what the citizen saw before the deed
            changes["status_before"] = ticket.status_for_citizen(at)
            changes["released_at"] = released_at
            changes["ended_at"] = at if status in ENDED else None
            if status is Status.ANSWERED:
                changes["answered_at"] = at
    if by_person and transition.acts and status is not Status.REJECTED:
        # Somebody works on it: that is a look.
        if ticket.held:
            changes.setdefault("held_until", None)
        if ticket.unseen and outcome.undoes is None:
            changes.setdefault("unseen", False)
    body = dict(outcome.body)
    if status is not ticket.status:
        body |= {"from": ticket.status.value, "to": status.value}
    act = None
    if by_person and transition.undoable:
        before = {name: getattr(ticket, name) for name in changes}
        act = msgspec.json.encode(
            LastAct(seq=seq, person_id=actor.person_id or 0, until=released_at.isoformat(), before=before)
        ).decode()
    elif transition.acts or ticket.last_act is None:
        act = None
    else:
        act = ticket.last_act
    sign = transition.sign if outcome.sign is None else outcome.sign
    after = msgspec.structs.replace(
        ticket,
        **changes,
        seq=seq,
        version=ticket.version + (1 if transition.acts else 0),
        last_event_at=at,
        last_sign_at=at if sign else ticket.last_sign_at,
        last_act=act,
    )
    event = Event(
        seq=seq,
        type=outcome.event or transition.event,
        at=at,
        actor=actor,
        body=body,
        released_at=released_at,
        message=NewMessage(*outcome.message) if outcome.message else None,
        undoes=outcome.undoes,
    )
    return Decision(after, (event,))
