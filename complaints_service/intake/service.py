"""The one way in: every door turns what it receives into a ``Complaint`` and calls ``file_complaint``."""

from __future__ import annotations

from datetime import datetime

from complaints_service.office.model import Office
from complaints_service.routing.rules import Routed, route
from complaints_service.tickets.filed import Filed, FilingKey
from complaints_service.tickets.filing import Filings
from complaints_service.tickets.model import Complaint
from complaints_service.waker import Waker


class Intake:
    """Routes and files complaints from all doors."""

    def __init__(self, filings: Filings, waker: Waker) -> None:
        self._filings = filings
        self._waker = waker

    async def file_complaint(self, office: Office, complaint: Complaint, key: FilingKey) -> Filed:
        """Route a checked complaint (see ``complaint_form``) and file it, or give the first answer to a known key again.

        Raises KeyReused when the key came with another body, Unavailable when it could not be stored; then nothing was.
        """

        def place(current: Office, received_at: datetime) -> Routed:
            return route(complaint, current, received_at)

        return await self._filings.file(office, complaint, place, key, self._waker.wake)

    async def filed_again(self, office: Office, ticket_id: int) -> Filed:
        """The receipt of a ticket once more, for whoever has proved to hold it."""
        return await self._filings.filed_again(office, ticket_id)
