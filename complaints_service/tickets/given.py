"""What a command's rule may look at."""

from __future__ import annotations

import typing
from datetime import datetime

from complaints_service.office.model import Office
from complaints_service.tickets.model import Actor, Ticket


class Given(typing.NamedTuple):
    """What a rule may look at: all values, no I/O. ``other``: the ticket to merge into; ``new_number``: what a split has filed."""

    ticket: Ticket
    actor: Actor
    at: datetime
    office: Office
    other: Ticket | None = None
    new_number: str | None = None
