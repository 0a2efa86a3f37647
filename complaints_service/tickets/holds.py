"""What is held must not be forgotten: when its time is over it goes into the queue by itself."""

from __future__ import annotations

from complaints_service.database import SYSTEM, Database, queries
from complaints_service.errors import DomainError
from complaints_service.office.store import OfficeStore
from complaints_service.tickets.commands import EndHold
from complaints_service.tickets.model import SYSTEM_ACTOR
from complaints_service.tickets.service import Tickets

# From so many on the administrators are told; a few need no more than the band on the desk.
MANY = 20
ALARM = "filings_held"
# At once, so that other upkeep has its turn; the sweep comes again.
MOST = 200


class Holds:
    """The end of holds, in batches, by any number of workers."""

    def __init__(self, database: Database, offices: OfficeStore, tickets: Tickets) -> None:
        self._database = database
        self._offices = offices
        self._tickets = tickets

    async def end_due(self) -> int:
        """Release what has been held long enough (office time); the number of tickets. Who was faster than us has done it."""
        async with self._database.transaction(SYSTEM) as connection:
            await queries("tickets").alarm_of_holds(connection, key=ALARM, many=MANY)
            await queries("tickets").end_alarm_of_holds(connection, key=ALARM)
            due = [tuple(row) async for row in queries("tickets").holds_over(connection, most=MOST)]
        ended = 0
        for office_id, number in due:
            office = await self._offices.current(office_id)
            try:
                await self._tickets.act(office, number, EndHold(), SYSTEM_ACTOR, SYSTEM)
            except DomainError:
                continue
            ended += 1
        return ended
