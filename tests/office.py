"""Short words for what people do in the office, so that tests read like sentences about it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import msgspec

from complaints_service.database import SYSTEM, Scope
from complaints_service.office.model import Office, Person
from complaints_service.tickets.commands import AnyCommand
from complaints_service.tickets.file import TicketFile
from complaints_service.tickets.filed import Filed, FilingKey
from complaints_service.tickets.model import REPORTER_ACTOR, Actor, ActorKind, Complaint
from complaints_service.tickets.service import Acted
from complaints_service.wiring import Services


def a_complaint(**values: object) -> Complaint:
    """An ordinary complaint about a passport that is late; any field can be another."""
    usual = Complaint(
        description="Paspor saya belum jadi padahal sudah sepuluh hari menunggu.",
        subject="Paspor belum jadi",
        category="keterlambatan",
        service="paspor-baru",
        reporter_name="Siti Rahma",
        reporter_phone="+6281234567890",
        reporter_email="siti@example.org",
    )
    return msgspec.structs.replace(usual, **values)


class TheOffice:
    """Files, acts, moves time, fires timers, on the real service."""

    def __init__(self, services: Services, passwords: dict[str, str]) -> None:
        self.services = services
        self.passwords = passwords

    async def now(self) -> datetime:
        """Office time as the database has it."""
        async with self.services.database.connection() as connection:
            now: datetime = await connection.fetchval("SELECT office_now()")
        self.services.clock.set(now)
        return now

    async def office(self) -> Office:
        """The office as the service knows it."""
        return await self.services.offices.current()

    async def person(self, username: str) -> Person:
        """Somebody of the demo office."""
        office = await self.office()
        return next(p for p in office.people.values() if p.username == username)

    async def file(self, key: str | None = None, **values: object) -> Filed:
        """File a complaint through the one way in."""
        complaint = a_complaint(**values)
        filing_key = FilingKey("test", key or str(uuid.uuid4()), msgspec.json.encode(complaint))
        return await self.services.intake.file_complaint(await self.office(), complaint, filing_key)

    async def act(self, number: str, command: AnyCommand, username: str, version: int | None = None) -> Acted:
        """A person of the office gives a command."""
        office, person = await self.office(), await self.person(username)
        scope = Scope.person(office.id, person.id, office.scope_units(person), person.works_in)
        actor = Actor(ActorKind.PERSON, person.id, person.role, person.name)
        return await self.services.tickets.act(office, number, command, actor, scope, version)

    async def reporter_acts(self, filed: Filed, command: AnyCommand) -> Acted:
        """The reporter writes, rates or withdraws."""
        scope = Scope.ticket(filed.office_id, filed.ticket_id)
        return await self.services.tickets.act(await self.office(), filed.number, command, REPORTER_ACTOR, scope)

    async def file_of(self, number: str) -> TicketFile:
        """The ticket and everything around it, as the system sees it."""
        return await self.services.reader.file_of(SYSTEM, await self.office(), number)

    async def move_clock(self, by: timedelta) -> None:
        """Office time goes on; it never comes back."""
        async with self.services.database.connection() as connection:
            await connection.execute("UPDATE clock_shift SET shift = shift + $1", by)
        await self.now()

    async def move_clock_to(self, at: datetime) -> None:
        """As ``move_clock``, to a moment that is still to come."""
        await self.move_clock(at - await self.now())

    async def fire(self) -> int:
        """Fire what is due."""
        return await self.services.timers.fire_due()

    async def outbox(self, number: str) -> list[dict[str, object]]:
        """Messages of a ticket, oldest first."""
        file = await self.file_of(number)
        async with self.services.database.transaction(SYSTEM) as connection:
            rows = await connection.fetch(
                "SELECT * FROM outbox WHERE office_id = $1 AND ticket_id = $2 ORDER BY id",
                file.ticket.office_id,
                file.ticket.id,
            )
        return [dict(row) for row in rows]

    async def timers(self, number: str, state: str = "armed") -> list[dict[str, object]]:
        """Timers of a ticket in a state, the next one first."""
        file = await self.file_of(number)
        async with self.services.database.transaction(SYSTEM) as connection:
            rows = await connection.fetch(
                "SELECT * FROM sla_timer WHERE office_id = $1 AND ticket_id = $2 AND state = $3 ORDER BY due_at",
                file.ticket.office_id,
                file.ticket.id,
                state,
            )
        return [dict(row) for row in rows]
