"""Puts the parts of the service together, the same for web, workers, commands and tests."""

from __future__ import annotations

import msgspec

from complaints_service.accounts.service import Accounts
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.embedded import connected
from complaints_service.failpoints import arm
from complaints_service.feedback.service import Feedback
from complaints_service.feedback.survey import Surveys
from complaints_service.intake.attachments.service import Attachments
from complaints_service.intake.kiosk.service import Kiosk
from complaints_service.intake.service import Intake
from complaints_service.intake.whatsapp.service import WhatsApp
from complaints_service.keys import Keys
from complaints_service.notifications.delivery import Delivery
from complaints_service.notifications.links import Links
from complaints_service.notifications.reactor import NotificationReactor
from complaints_service.office.store import OfficeStore
from complaints_service.settings import Settings
from complaints_service.sla.reactor import SlaReactor
from complaints_service.sla.recompute import SlaRecomputing
from complaints_service.sla.recompute_work import RecomputeWork
from complaints_service.sla.simulation_jobs import SimulationJobs
from complaints_service.sla.timers import Timers
from complaints_service.tickets.filing import Filings
from complaints_service.tickets.holds import Holds
from complaints_service.tickets.reading import TicketReader
from complaints_service.tickets.service import Tickets
from complaints_service.transparency.service import Transparency
from complaints_service.waker import NoWaker, QueueWaker
from complaints_service.webhooks.events import WebhookReactor, cycle_rows
from complaints_service.webhooks.service import Webhooks
from complaints_service.webpush.service import WebPush


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Every use case of the service, wired. Close it when done."""

    settings: Settings
    database: Database
    clock: OfficeClock
    offices: OfficeStore
    keys: Keys
    waker: QueueWaker | NoWaker
    tickets: Tickets
    filings: Filings
    reader: TicketReader
    intake: Intake
    accounts: Accounts
    notifications: Delivery
    links: Links
    feedback: Feedback
    surveys: Surveys
    transparency: Transparency
    whatsapp: WhatsApp
    kiosk: Kiosk
    attachments: Attachments
    timers: Timers
    holds: Holds
    simulations: SimulationJobs
    recomputes: RecomputeWork
    webhooks: Webhooks
    webpush: WebPush

    async def close(self) -> None:
        """Stop hints and close connections."""
        if isinstance(self.waker, QueueWaker):
            await self.waker.close()
        self.accounts.close()
        await self.simulations.close()
        await self.notifications.close()
        self.webhooks.delivery.close()
        await self.database.close()


async def open_services(settings: Settings, *, hints: bool = True) -> Services:
    """Connect (to the servers of the same DATA_DIR where no URL is set) and wire everything.

    ``hints`` False: this process sweeps by itself and wakes nobody. Raises NotRunning, or what asyncpg raises.
    """
    settings = connected(settings)
    if settings.database_url is None:
        raise ValueError("no database")
    arm(settings.failpoints)
    database = await Database.open(settings.database_url, settings)
    clock = OfficeClock()
    offices = OfficeStore(database, clock)
    keys = Keys(settings.secret_key)
    waker: QueueWaker | NoWaker = NoWaker()
    if hints and settings.redis_url is not None:
        waker = QueueWaker(settings.redis_url)
        waker.start()
    letters = NotificationReactor(keys, settings.mail_from)
    reactors = (SlaReactor(), letters, WebhookReactor())
    filings = Filings(database, offices, clock, keys, reactors)
    tickets = Tickets(database, offices, clock, filings, reactors, waker, SlaRecomputing(), letters)
    intake = Intake(filings, waker)
    reader = TicketReader(database, clock, keys)
    webpush = WebPush(database, keys, settings)
    notifications = Delivery(database, offices, clock, keys, settings, webpush)
    return Services(
        settings=settings,
        database=database,
        clock=clock,
        offices=offices,
        keys=keys,
        waker=waker,
        tickets=tickets,
        filings=filings,
        reader=reader,
        intake=intake,
        accounts=Accounts(database, offices, keys),
        notifications=notifications,
        links=notifications.links,
        feedback=Feedback(database, offices, keys, settings, waker, cycle_rows),
        surveys=Surveys(database, keys),
        transparency=Transparency(database, offices, clock),
        whatsapp=WhatsApp(database, offices, clock, keys, settings, intake, tickets, waker),
        kiosk=Kiosk(database, offices, keys, intake, clock),
        attachments=Attachments(database, offices, keys, settings),
        holds=Holds(database, offices, tickets),
        timers=Timers(database, offices, clock, tickets),
        simulations=SimulationJobs(database, settings),
        recomputes=RecomputeWork(database, offices, clock, tickets),
        webhooks=Webhooks(database, offices, clock, keys, settings, waker),
        webpush=webpush,
    )
