"""What the public routes are given beside the services of the application."""

from __future__ import annotations

from litestar.di import Provide

from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.intake.attachments.service import Attachments
from complaints_service.intake.kiosk.sealing import QueueKey
from complaints_service.intake.kiosk.service import Kiosk
from complaints_service.intake.service import Intake
from complaints_service.intake.web.recover import PROVIDE_RECOVERY
from complaints_service.keys import Keys
from complaints_service.office.store import OfficeStore
from complaints_service.public.case_news import CaseNews
from complaints_service.public.kiosk_queue import KioskQueue
from complaints_service.public.kiosk_request import KioskRequest
from complaints_service.public.opened_tickets import OpenedTickets
from complaints_service.public.ticket_pages import CitizenCase
from complaints_service.settings import Settings
from complaints_service.tickets.reading import TicketReader
from complaints_service.tickets.service import Tickets
from complaints_service.web.streams import STREAM_ROOM


def opened_tickets(database: Database, keys: Keys) -> OpenedTickets:
    """The tickets that browsers have opened."""
    return OpenedTickets(database, keys)


def citizen_case(
    offices: OfficeStore,
    reader: TicketReader,
    tickets: Tickets,
    opened_tickets: OpenedTickets,
    attachments: Attachments,
    settings: Settings,
) -> CitizenCase:
    """One case in the hands of its citizen."""
    return CitizenCase(offices, reader, tickets, opened_tickets, attachments, settings)


def kiosk_request(kiosk: Kiosk, offices: OfficeStore, settings: Settings) -> KioskRequest:
    """A request of a kiosk's screen."""
    return KioskRequest(kiosk, offices, settings)


def kiosk_queue(intake: Intake, clock: OfficeClock, keys: Keys, kiosk: Kiosk) -> KioskQueue:
    """Where the queues of kiosks arrive."""
    return KioskQueue(intake, clock, QueueKey(keys), kiosk)


def case_news(database: Database, offices: OfficeStore, reader: TicketReader) -> CaseNews:
    """News of opened cases."""
    return CaseNews(database, offices, reader, STREAM_ROOM)


DEPENDENCIES = {
    "opened_tickets": Provide(opened_tickets, sync_to_thread=False),
    "citizen_case": Provide(citizen_case, sync_to_thread=False),
    "case_news": Provide(case_news, sync_to_thread=False),
    "recovery": PROVIDE_RECOVERY,
    "kiosk_request": Provide(kiosk_request, sync_to_thread=False),
    "kiosk_queue": Provide(kiosk_queue, sync_to_thread=False),
}
