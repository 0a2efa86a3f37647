"""Reads the open request for more time, for whoever answers it."""

from __future__ import annotations

import asyncpg

from complaints_service.database import queries
from complaints_service.tickets.given import TimeRequest
from complaints_service.tickets.model import Ticket


async def last_request(connection: asyncpg.Connection, ticket: Ticket) -> TimeRequest | None:
    """The last request for more time on a ticket: who made it and why; None: there was none."""
    row = await queries("tickets").time_request(connection, office_id=ticket.office_id, ticket_id=ticket.id)
    return TimeRequest(row["person_id"], row["reason"]) if row is not None else None
