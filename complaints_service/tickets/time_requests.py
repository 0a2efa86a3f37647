"""Reads the open request for more time, for whoever answers it."""

from __future__ import annotations

import asyncpg

from complaints_service.database import queries
from complaints_service.tickets.commands import AnyCommand, GrantTime, RefuseTime
from complaints_service.tickets.given import TimeRequest
from complaints_service.tickets.model import Ticket


async def request_behind(connection: asyncpg.Connection, ticket: Ticket, command: AnyCommand) -> TimeRequest | None:
    """The last request for more time, when the command answers one: who made it and why; else None, and nothing is read."""
    if not isinstance(command, GrantTime | RefuseTime):
        return None
    row = await queries("tickets").time_request(connection, office_id=ticket.office_id, ticket_id=ticket.id)
    return TimeRequest(row["person_id"], row["reason"]) if row is not None else None
