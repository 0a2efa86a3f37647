"""Links in messages: random tokens, made when a message is sent, stored hashed (D7). GET changes nothing; POST acts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from complaints_service.database import Database, Scope, queries
from complaints_service.errors import NotFound
from complaints_service.keys import new_token, token_hash
from complaints_service.notifications.facts import TicketFacts
from complaints_service.office.model import Office, Person
from complaints_service.office.store import OfficeStore
from complaints_service.tickets.file import StoredEvent

if TYPE_CHECKING:
    from asyncpg import Connection

PERSON_HOURS = 72
REPORTER_HOURS = 30 * 24
_LONGEST_TOKEN = 100
_GONE = "This link is not valid any more. Links work for a limited time; sign in or use number and tracking code."


class ActLink(msgspec.Struct, frozen=True, kw_only=True):
    """What a person's link leads to, as of now. ``stale``: the case has changed since the mail was sent."""

    token_hash: bytes
    office: Office
    person: Person
    ticket: TicketFacts
    at: datetime
    version: int
    used: bool
    since: tuple[StoredEvent, ...]

    @property
    def stale(self) -> bool:
        """The version is not the one the mail spoke of, or the case has ended."""
        return self.version != self.ticket.version or self.ticket.ended_at is not None

    def scope(self) -> Scope:
        """The receiver's own part of the database: a link gives no more than its receiver has."""
        units = sorted(self.office.scope_units(self.person))
        return Scope.person(self.office.id, self.person.id, units, sorted(self.person.works_in))


class Links:
    """Makes and opens links."""

    def __init__(self, database: Database, offices: OfficeStore) -> None:
        self._database = database
        self._offices = offices

    async def for_person(
        self, connection: Connection, office_id: int, ticket: TicketFacts, person_id: int, outbox_id: int
    ) -> str:
        """A new token for one receiver and the ticket as it is now: 72 hours of office time, single use."""
        return await self._add(connection, office_id, ticket, "act", PERSON_HOURS, person_id, outbox_id)

    async def for_reporter(
        self, connection: Connection, office_id: int, ticket: TicketFacts, outbox_id: int | None = None
    ) -> str:
        """A new token with which the reporter opens this one ticket for 30 days."""
        return await self._add(connection, office_id, ticket, "ticket", REPORTER_HOURS, None, outbox_id)

    async def _add(
        self,
        connection: Connection,
        office_id: int,
        ticket: TicketFacts,
        purpose: str,
        hours: int,
        person_id: int | None,
        outbox_id: int | None,
    ) -> str:
        token, stored = new_token()
        await queries("links").add(
            connection,
            token_hash=stored,
            office_id=office_id,
            ticket_id=ticket.id,
            person_id=person_id,
            purpose=purpose,
            ticket_version=ticket.version,
            outbox_id=outbox_id,
            hours=hours,
        )
        return token

    async def open_ticket(self, token: str) -> tuple[int, int]:
        """Office and ticket of a reporter's link. Raises NotFound for unknown and expired tokens alike."""
        found = await self._find(token, "ticket")
        return found["office_id"], found["ticket_id"]

    async def look(self, token: str) -> ActLink:
        """What a person's link leads to; changes nothing. Raises NotFound: unknown, expired, or no longer for this person."""
        found = await self._find(token, "act")
        stored = token_hash(token)
        office = await self._offices.current(found["office_id"])
        person = office.people.get(found["person_id"])
        if person is None or not person.active:
            raise NotFound(_GONE)
        office_id, ticket_id = found["office_id"], found["ticket_id"]
        units = sorted(office.scope_units(person))
        scope = Scope.person(office_id, person.id, units, sorted(person.works_in))
        async with self._database.transaction(scope) as connection:
            row = await queries("outbox").ticket_facts(
                connection, office_id=office_id, ticket_id=ticket_id, event_seq=None
            )
            if row is None:
                raise NotFound(_GONE)
            made_at = await queries("links").made_at(connection, token_hash=stored)
            since = [
                msgspec.convert(dict(event), StoredEvent)
                async for event in queries("links").events_since(
                    connection, office_id=office_id, ticket_id=ticket_id, at=made_at
                )
            ]
        return ActLink(
            token_hash=stored,
            office=office,
            person=person,
            ticket=msgspec.json.decode(row["facts"], type=TicketFacts),
            at=row["at"],
            version=found["ticket_version"],
            used=bool(found["used"]),
            since=tuple(since),
        )

    async def use(self, link: ActLink) -> bool:
        """Spend the link; False when it was spent or expired in the meantime."""
        async with self._database.connection() as connection:
            return await queries("links").use(connection, token_hash=link.token_hash) is not None

    async def give_back(self, link: ActLink) -> None:
        """Make a spent link good again: the deed could not be done for a reason that is not the person's."""
        async with self._database.connection() as connection:
            await queries("links").unuse(connection, token_hash=link.token_hash)

    async def sweep(self) -> None:
        """Forget links that expired more than 30 days ago."""
        async with self._database.connection() as connection:
            await queries("links").sweep(connection)

    async def _find(self, token: str, purpose: str) -> dict[str, int]:
        if len(token) > _LONGEST_TOKEN:
            raise NotFound(_GONE)
        async with self._database.connection() as connection:
            found = await queries("links").find(connection, token_hash=token_hash(token), purpose=purpose)
        if found is None or not found["alive"]:
            raise NotFound(_GONE)
        return dict(found)
