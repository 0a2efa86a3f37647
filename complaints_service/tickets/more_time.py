"""More time for an answer: one asks, another one grants, never without end. The rules of the three commands and of the limit."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from complaints_service.tickets import commands as c
from complaints_service.tickets.file import StoredEvent
from complaints_service.tickets.given import Given
from complaints_service.tickets.model import Actor, Ticket
from complaints_service.tickets.port import DeadlineRow
from complaints_service.tickets.receivers import next_superiors
from complaints_service.tickets.transitions import Outcome, Refusal, allowed

# How much of an amount makes one working day of more time, by its measure; a started one counts.
_A_DAY = {"working_days": 1, "calendar_days": 1, "working_minutes": 480, "calendar_minutes": 1_440}
_TOP_LEVEL = 3


def days_left(ticket: Ticket, deadlines: Iterable[DeadlineRow]) -> int | None:
    """How many working days can still be granted: in all never more than the target itself has. None: no answer clock is known."""
    for row in deadlines:
        if row.target == "answer" and row.episode == ticket.episode:
            return max(0, -(-row.amount // _A_DAY[row.measure]) - row.granted_days)
    return None


def open_to(actor: Actor, ticket: Ticket, events: Iterable[StoredEvent]) -> tuple[str, ...]:
    """As ``allowed``, where the log is at hand: who has asked for more time is not offered to grant it."""
    asked = [e.person_id for e in events if e.type == "time_requested" and e.undone_by is None]
    own = bool(asked) and asked[-1] == actor.person_id
    return tuple(name for name in allowed(ticket, actor) if not (own and name == "grant_time"))


def request_time(command: c.RequestTime, given: Given) -> Outcome | Refusal:
    """Goes to the next superior who is not the one that asks."""
    ticket = given.ticket
    if ticket.requested_days is not None:
        return Refusal("already_requested", "More time has already been requested; the supervisor has to answer first.")
    if (refusal := _too_much(command.working_days, given)) is not None:
        return refusal
    return Outcome(
        changes={"requested_days": command.working_days},
        body={"working_days": command.working_days, "recipients": _others_above(given)},
        message=("note", command.reason),
    )


def grant_time(command: c.GrantTime, given: Given) -> Outcome | Refusal:
    """Moves the date of the answer; the reporter reads the words of who grants, else the reason of the request."""
    ticket, request = given.ticket, given.request
    if ticket.requested_days is None:
        return Refusal("not_requested", "Nobody has requested more time.")
    if request is not None and request.person_id == given.actor.person_id:
        return Refusal("own_request", "Who has asked for more time cannot grant it; another superior has to decide.")
    days = command.working_days or ticket.requested_days
    if (refusal := _too_much(days, given)) is not None:
        return refusal
    why = command.text.strip() or (request.reason.strip() if request is not None else "")
    return Outcome(
        changes={"requested_days": None},
        body={"working_days": days, "assignee": _who_asked(given)},
        message=("office", why) if why else None,
    )


def refuse_time(command: c.RefuseTime, given: Given) -> Outcome | Refusal:
    """The date stays; the one who asked reads why."""
    ticket = given.ticket
    if ticket.requested_days is None:
        return Refusal("not_requested", "Nobody has requested more time.")
    return Outcome(
        changes={"requested_days": None}, body={"assignee": _who_asked(given)}, message=("note", command.reason)
    )


def _who_asked(given: Given) -> int | None:
    """Who waits for the answer: the one who asked, else whoever holds the case."""
    return given.request.person_id if given.request is not None else given.ticket.assignee_id


def _too_much(days: int, given: Given) -> Refusal | None:
    most = given.days_left
    if most is None or days <= most:
        return None
    if not most:
        return Refusal("no_time_left", "This case has already been given as much more time as its time limit allows.")
    return Refusal(
        "too_much_time",
        "At most {most} more working days can be given: in all no more than the time limit of this case itself.",
        {"most": most},
        field="/working_days",
    )


def _others_above(given: Given) -> list[int]:
    for level in range(_TOP_LEVEL):
        _, found = next_superiors(msgspec.structs.replace(given.ticket, level=level), given.office, given.at)
        if others := [person_id for person_id in found if person_id != given.actor.person_id]:
            return others
    return []
