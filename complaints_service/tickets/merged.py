"""Adds to a change what reporters of cases merged into the ticket hear of it."""

from __future__ import annotations

import asyncpg
import msgspec

from complaints_service.database import queries
from complaints_service.tickets.pipeline import Performed
from complaints_service.tickets.port import MergedReporter, OutcomeLetters


async def told_to_merged(connection: asyncpg.Connection, performed: Performed, letters: OutcomeLetters) -> Performed:
    """The change with its letters to them; where it tells them nothing, nothing is read."""
    told = [event for event in performed.events if letters.tells(event)]
    if not told:
        return performed
    ticket, effects = performed.ticket, performed.effects
    found = queries("tickets").merged_reporters(connection, office_id=ticket.office_id, ticket_id=ticket.id)
    merged = tuple([MergedReporter(**dict(row)) async for row in found])
    rows = [row for event in told for row in letters.outcome_rows(ticket, event, merged)]
    if rows:
        # The rows must pass the policies for reading too, and whoever acts here need not see the merged cases.
        await queries("tickets").let_go(connection)
    return msgspec.structs.replace(performed, effects=msgspec.structs.replace(effects, outbox=(*effects.outbox, *rows)))
