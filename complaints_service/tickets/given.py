"""What a command's rule may look at."""

from __future__ import annotations

import typing
from datetime import datetime

import msgspec

from complaints_service.office.model import Office
from complaints_service.tickets.model import Actor, Ticket


class TimeRequest(msgspec.Struct, frozen=True):
    """The open request for more time: who made it and why (the words are in the erasable table; empty once erased)."""

    person_id: int
    reason: str


class Given(typing.NamedTuple):
    """What a rule may look at: all values, no I/O. ``other``: the ticket to merge into; ``new_number``: what a split has filed;
    ``request``: the open request for more time; ``days_left``: how many working days can still be granted (None: no answer is owed)."""

    ticket: Ticket
    actor: Actor
    at: datetime
    office: Office
    other: Ticket | None = None
    new_number: str | None = None
    request: TimeRequest | None = None
    days_left: int | None = None
