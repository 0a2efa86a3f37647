"""Is a claimed message still owed? Pure. What happened since it was queued decides (I6, scenario 17)."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

import msgspec

from complaints_service.notifications.facts import Addressed, TicketFacts
from complaints_service.notifications.kinds import MessageKind, Recipient, Way
from complaints_service.tickets.model import OPEN, Status


class NotOwed(StrEnum):
    """Why a message is cancelled: nobody needs it any more."""

    TICKET_GONE = "ticket_gone"
    UNDONE = "undone"
    ENDED = "ticket_ended"
    ACTED_ON = "acted_on"
    NEW_EPISODE = "new_episode"
    NEW_DEADLINE = "new_deadline"
    NOTHING_LEFT = "nothing_left"
    DAY_OVER = "day_over"
    # It looks like part of a flood, and the address may be a victim's.
    HELD = "held"
    PERSON_NAMED = "person_named_in_complaint"


class Unreachable(StrEnum):
    """Why a message that is owed can reach nobody: dead, with an alarm."""

    PERSON_GONE = "person_gone"
    PERSON_INACTIVE = "person_inactive"
    NO_ADDRESS = "no_address"
    CHAT_GONE = "chat_gone"


# Digests are counted when they leave: several of them, from days when nothing could be sent, would all say the same.
DIGEST_LIFE = timedelta(hours=18)

_RECEIPTS = frozenset({MessageKind.RECEIPT, MessageKind.RECEIPTS, MessageKind.RECOVERY})

# The status in which a message to the reporter or to a person makes sense; others are always owed.
_ONLY_WHILE = {
    MessageKind.QUESTION: frozenset({Status.WAITING_REPORTER}),
    MessageKind.REMINDER_REPORTER: frozenset({Status.WAITING_REPORTER}),
    MessageKind.REMINDER_CLOSING: frozenset({Status.ANSWERED}),
    MessageKind.RECOVERY: OPEN,
    MessageKind.MERGED_OUTCOME: frozenset({Status.MERGED}),
    MessageKind.BEYOND: OPEN - {Status.ANSWERED},
    MessageKind.ASSIGNED: OPEN,
    MessageKind.RUNG: OPEN,
    MessageKind.MANUAL_ESCALATION: OPEN,
    MessageKind.TIME_REQUESTED: OPEN,
    MessageKind.TIME_ANSWERED: OPEN,
}


def judge(message: Addressed) -> NotOwed | Unreachable | None:
    """None: send it. The row's kind must be one of MessageKind (raises ValueError)."""
    row, ticket = message.row, message.ticket
    kind = MessageKind(row.kind)
    if row.ticket_id is not None:
        if ticket is None:
            return NotOwed.TICKET_GONE
        refusal = _overtaken(kind, message, ticket)
        if refusal is not None:
            return refusal
    if kind is MessageKind.DIGEST and message.at - row.created_at > DIGEST_LIFE:
        return NotOwed.DAY_OVER
    return _reachable(message)


def _overtaken(kind: MessageKind, message: Addressed, ticket: TicketFacts) -> NotOwed | None:
    if ticket.event is not None and ticket.event.undone_by is not None:
        return NotOwed.UNDONE
    if kind is MessageKind.MERGED_OUTCOME and (message.outcome is None or message.outcome.undone):
        return NotOwed.UNDONE
    if message.row.recipient == Recipient.REPORTER and _spared(kind, ticket):
        return NotOwed.HELD
    only_while = _ONLY_WHILE.get(kind)
    if only_while is not None and ticket.status not in only_while:
        return NotOwed.ENDED if ticket.status not in OPEN else NotOwed.ACTED_ON
    if kind is MessageKind.ASSIGNED and ticket.assignee_id != message.row.person_id:
        return NotOwed.ACTED_ON
    if kind is MessageKind.TIME_REQUESTED and ticket.requested_days is None:
        return NotOwed.ACTED_ON
    if kind is MessageKind.RUNG:
        return _rung_overtaken(message, ticket)
    return None


def _spared(kind: MessageKind, ticket: TicketFacts) -> bool:
    """Whether the reporter gets no mail because the address may be that of a flood's victim (decision 0017)."""
    if ticket.held_until is not None:
        return True
    if kind in _RECEIPTS:
        # Which of them goes is decided when it is claimed; none for what was rejected without having been taken up.
        return ticket.unseen and ticket.status is Status.REJECTED
    return ticket.in_flood and (ticket.unseen or not ticket.touched)


def _rung_overtaken(message: Addressed, ticket: TicketFacts) -> NotOwed | None:
    """A rung is owed while the promise it is about still runs; a sign of life ends the rung about silence.

    That a date was missed is no longer so when the date has moved to the future meanwhile. ``absorbed`` in sql/queries/outbox.sql
    asks the same of what waits in a roll-up.
    """
    params = msgspec.json.decode(message.row.params, type=dict[str, object])
    target = params.get("target")
    if target == "sign":
        silent = ticket.last_sign_at <= message.row.created_at
        return None if silent else NotOwed.ACTED_ON
    found = [d for d in ticket.deadlines if d.target == target]
    if not found:
        return None
    current = max(found, key=lambda d: d.episode)
    if message.row.created_at < current.started_at:
        return NotOwed.NEW_EPISODE
    if not current.runs(message.at):
        return NotOwed.ACTED_ON
    return NotOwed.NEW_DEADLINE if params.get("breach") and current.due_at > message.at else None


def _reachable(message: Addressed) -> NotOwed | Unreachable | None:
    row, ticket = message.row, message.ticket
    if row.recipient == Recipient.PERSON:
        person = message.person
        if person is None:
            return Unreachable.PERSON_GONE
        if not person.active:
            return Unreachable.PERSON_INACTIVE
        if ticket is not None and ticket.names(person):
            return NotOwed.PERSON_NAMED
        address = person.whatsapp if row.way == Way.WHATSAPP else person.email
        return None if address else Unreachable.NO_ADDRESS
    if row.recipient == Recipient.REPORTER:
        return None if ticket is not None and ticket.email else Unreachable.NO_ADDRESS
    if row.recipient == Recipient.CHAT:
        return None if message.chat is not None else Unreachable.CHAT_GONE
    return None if row.address else Unreachable.NO_ADDRESS
