"""A whole office of its own with a real mail server beside it: tests of the outbox see no other test's messages."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from complaints_service.notifications.delivery import Delivery
from complaints_service.wiring import Services, open_services
from tests.office import TheOffice
from tests.servers import Running, clone_template, on_database, test_settings
from tests.service.smtp_server import Postbox, smtp_server


class Room:
    """The office, its postbox, and a look into the tables (``admin`` sees and changes everything)."""

    def __init__(self, services: Services, postbox: Postbox, office: TheOffice, admin: asyncpg.Connection) -> None:
        self.services = services
        self.postbox = postbox
        self.office = office
        self.admin = admin

    @property
    def delivery(self) -> Delivery:
        return self.services.notifications

    async def deliver(self) -> int:
        """Send what is due now."""
        return await self.delivery.deliver_due()

    async def rows(self, **like: object) -> list[asyncpg.Record]:
        """Rows of the outbox, oldest first."""
        where = " AND ".join(f"{name} = ${number}" for number, name in enumerate(like, 1)) or "true"
        return await self.admin.fetch(f"SELECT * FROM outbox WHERE {where} ORDER BY id", *like.values())  # noqa: S608

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.rows()]

    async def alarms(self) -> list[str]:
        """Keys of the alarms that are not over."""
        found = await self.admin.fetch("SELECT key FROM alarm WHERE cleared_at IS NULL ORDER BY id")
        return [row["key"] for row in found]

    async def hurry(self) -> None:
        """Back-off is over, and so are leases of workers that died."""
        await self.admin.execute("UPDATE outbox SET next_try_at = '-infinity' WHERE state = 'queued'")
        await self.admin.execute("UPDATE outbox SET lease_until = '-infinity' WHERE state = 'sending'")

    async def deliver_with_retries(self, tries: int) -> int:
        """So many rounds, each as if the pauses between them were over."""
        sent = 0
        for _ in range(tries):
            await self.hurry()
            await self.until(lambda: self._ways_open())
            sent += await self.deliver()
        return sent

    async def _ways_open(self) -> bool:
        waiting = await self.delivery.waiting()
        return waiting.due == 0 or (waiting.next_seconds or 0) <= 0

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait for something that comes by itself; the limit is only for a test that fails."""
        async with asyncio.timeout(20):
            while not await holds():  # noqa: ASYNC110 - what it waits for stands in the database
                await asyncio.sleep(0.01)

    async def put(self, **values: object) -> int:
        """A row as if a ticket command had written it; returns its id."""
        usual: dict[str, object] = {
            "office_id": 1,
            "dedupe_key": str(uuid.uuid4()),
            "kind": "cycle_report",
            "way": "email",
            "recipient": "person",
            "params": "{}",
            "message_id": f"<{uuid.uuid4().hex}@imigrasi.example>",
        }
        row = {**usual, **values}
        names = ", ".join(row)
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        found: int = await self.admin.fetchval(
            f"INSERT INTO outbox ({names}, created_at, released_at) VALUES ({places}, office_now(), office_now())"  # noqa: S608
            " RETURNING id",
            *row.values(),
        )
        return found

    async def escalate(self, tickets: list[tuple[int, str]], username: str, **values: object) -> None:
        """A rung of every ticket to one person, as the ladder writes it once the date is missed."""
        person = await self.office.person(username)
        await self.miss_dates([ticket_id for ticket_id, _ in tickets])
        for ticket_id, _ in tickets:
            await self.put(
                kind="rung",
                person_id=person.id,
                ticket_id=ticket_id,
                escalation=True,
                **{"params": '{"target":"answer","level":2,"breach":true}', **values},
            )

    async def miss_dates(self, tickets: list[int]) -> None:
        """What was promised for these has been due for two hours."""
        await self.admin.execute(
            "UPDATE deadline SET due_at = office_now() - interval '2 hours' WHERE ticket_id = ANY ($1)", tickets
        )

    async def file_many(self, count: int) -> list[tuple[int, str]]:
        """Tickets whose reporter has no address."""
        filed = [await self.office.file(reporter_email=None, reporter_phone=None) for _ in range(count)]
        return [(one.ticket_id, one.number) for one in filed]


@asynccontextmanager
async def a_room(running: Running, folder: Path, **settings: str) -> AsyncIterator[Room]:
    """A fresh database, services on it, and a mail server; all gone afterwards."""
    name = f"outbox_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    url = await clone_template(running, name)
    postbox = Postbox()
    async with smtp_server(postbox) as port:
        usual = {
            "smtp_url": f"smtp://127.0.0.1:{port}",
            "mail_from": "pengaduan@imigrasi.example",
            "lease_seconds": "30",  # a slow machine is not a dead worker; ``hurry`` ends leases where a test wants it
        }
        services = await open_services(test_settings(folder, url, None, **{**usual, **settings}), hints=False)
        admin = await asyncpg.connect(on_database(running.admin_url, name))
        try:
            office = TheOffice(services, {person.username: person.password for person in running.people})
            await office.now()
            yield Room(services, postbox, office, admin)
        finally:
            await admin.close()
            await services.close()
