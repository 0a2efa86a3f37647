"""How a ticket stands, in the citizen's words: the same that the ticket's page says."""

from __future__ import annotations

from complaints_service.database import Scope
from complaints_service.office.model import Office
from complaints_service.tickets.reading import TicketReader
from complaints_service.tickets.timeline import next_step, status_text


class Standing:
    """Reads one ticket as its reporter may see it."""

    def __init__(self, reader: TicketReader) -> None:
        self._reader = reader

    async def __call__(self, office: Office, ticket_id: int, number: str, language: str) -> tuple[str, str]:
        """The status and what comes next, by when. Raises NotFound."""
        file = await self._reader.file_of(Scope.ticket(office.id, ticket_id), office, number)
        status = file.ticket.status_for_citizen(file.now)
        return status_text(status, language), next_step(file, office, language)
