"""What the citizen's API works with, as one dependency: the framework resolves each dependency of a request in a task of its own."""

from __future__ import annotations

import msgspec

from complaints_service.clock import OfficeClock
from complaints_service.intake.service import Intake
from complaints_service.office.store import OfficeStore
from complaints_service.settings import Settings
from complaints_service.tickets.reading import TicketReader
from complaints_service.tickets.service import Tickets


class CitizenParts(msgspec.Struct, frozen=True):
    """The use cases behind ``/api/v1/complaints``."""

    offices: OfficeStore
    intake: Intake
    reader: TicketReader
    tickets: Tickets
    clock: OfficeClock
    settings: Settings
