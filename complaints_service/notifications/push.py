"""The way of web push, as the outbox sees it: thin news for one device. ``webpush`` sends it."""

from __future__ import annotations

from typing import Protocol

import msgspec

from complaints_service.i18n import translate
from complaints_service.notifications.facts import Addressed
from complaints_service.notifications.outcomes import Outcome

# What a reporter's ways hold beside "email" and "whatsapp": one entry for each device.
PREFIX = "push:"


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """News for the device ``subscription_id``; the words are in the language of the case."""

    office_id: int
    subscription_id: int
    number: str
    title: str
    body: str
    attempts: int


class SendsPush(Protocol):
    """``webpush.service.WebPush``."""

    async def send(self, push: Push) -> Outcome:
        """Try once."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


def push_of(message: Addressed) -> Push:
    """The message of a claimed row. Raises ValueError for one that names no device or no case."""
    row, ticket = message.row, message.ticket
    if ticket is None:
        raise ValueError("a push without a case")
    return Push(
        office_id=row.office_id,
        subscription_id=int(row.address or ""),
        number=ticket.number,
        title=message.office.name,
        body=translate(ticket.language, "There is news about {number}.", number=ticket.number),
        attempts=row.attempts,
    )
