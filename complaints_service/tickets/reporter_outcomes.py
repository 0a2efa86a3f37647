"""What the reporter's commands do beyond their lines in the transition table."""

from __future__ import annotations

from complaints_service.tickets import commands as c
from complaints_service.tickets.given import Given
from complaints_service.tickets.model import Status, Ticket
from complaints_service.tickets.transitions import REPLY_AFTER_CLOSING, Outcome, Refusal

# Ended, but a word of the reporter's brings them back for 30 days: closed, and withdrawn or lapsed (DOMAIN.md: "a way back").
REOPENED_BY_REPLY = frozenset({Status.CLOSED, Status.WITHDRAWN})


def new_episode(ticket: Ticket) -> dict[str, object]:
    """A case that goes on after it was answered: a new answer clock, the ladder from the bottom."""
    return {"episode": ticket.episode + 1, "answered_at": None, "level": 0, "requested_days": None}


def reply(command: c.Reply, given: Given) -> Outcome | Refusal:
    """The reporter writes: goes on, reopens, or confirms that it is settled."""
    ticket, at = given.ticket, given.at
    text = command.text.strip()
    something = bool(text or command.attachments)
    if not something and not (command.resolved and ticket.status is Status.ANSWERED):
        return Refusal("empty", "Write what you want to tell the office.", field="/text")
    message = ("reporter", command.text) if something else None
    if ticket.status is Status.ANSWERED and command.resolved:
        return Outcome(body={"resolved": True}, message=message, status=Status.CLOSED)
    if ticket.status in REOPENED_BY_REPLY and ticket.status_for_citizen(at) is ticket.status:
        if command.resolved:  # "terima kasih", or the button pressed twice: said, and nothing to reopen
            return Outcome(message=message)
        if ticket.ended_at is not None and at > ticket.ended_at + REPLY_AFTER_CLOSING:
            return Refusal(
                "closed_too_long",
                "This case was closed more than 30 days ago. Please file a new one and name its number.",
            )
        return _reopened_by_reply(ticket, message)
    if ticket.status is Status.ANSWERED:
        return _reopened_by_reply(ticket, message)
    if ticket.status is Status.MERGED:
        # The other case does not settle theirs: from here on it is one of its own again, whenever they say so.
        return Outcome(message=message) if command.resolved else _reopened_by_reply(ticket, message, merged_into=None)
    if ticket.status is Status.WAITING_REPORTER:
        return Outcome(message=message, status=Status.IN_PROGRESS)
    return Outcome(message=message)


def _reopened_by_reply(ticket: Ticket, message: tuple[str, str] | None, **changes: object) -> Outcome:
    return Outcome(
        changes=new_episode(ticket) | changes,
        body={"reopens": True, "episode": ticket.episode + 1},
        message=message,
        status=Status.IN_PROGRESS,
    )


ELEMENTS = frozenset(f"u{n}" for n in range(1, 10))


def rate(command: c.Rate, _: Given) -> Outcome | Refusal:
    """The reporter judges, once per episode."""
    if not command.elements.keys() <= ELEMENTS:
        return Refusal("unknown_element", "The elements are u1 to u9.", field="/elements")
    comment = command.comment.strip()
    return Outcome(
        body={"score": command.score, "elements": dict(command.elements)},
        message=("reporter", comment) if comment else None,
    )
