"""Tickets that this browser may open: after filing, with number and code, or through a link in a message.

One cookie holds up to ``MOST`` random tokens; the database holds their hashes and which ticket each opens (D7).
"""

from __future__ import annotations

import hmac
from datetime import datetime

import msgspec

from complaints_service.database import Database, Scope, queries
from complaints_service.errors import Forbidden, NotFound
from complaints_service.keys import Keys, new_token, token_hash

TICKET_COOKIE = "tiket"
HOURS = 24
MOST = 6
_TOKEN_LENGTH = 43
_FORM = "public-form"


class Opened(msgspec.Struct, frozen=True):
    """One ticket that the browser may open until ``expires_at`` (machine time, UTC)."""

    token_hash: bytes
    office_id: int
    ticket_id: int
    number: str
    shows_code: bool
    expires_at: datetime

    def scope(self) -> Scope:
        """The one ticket, for a transaction."""
        return Scope.ticket(self.office_id, self.ticket_id)


def tokens_in(cookie: str | None) -> list[str]:
    """The tokens of a cookie, newest first; what does not look like one is passed over."""
    parts = (cookie or "")[: (MOST + 1) * (_TOKEN_LENGTH + 1)].split(".")
    return [part for part in parts if len(part) == _TOKEN_LENGTH and part.isascii()][:MOST]


class OpenedTickets:
    """The store behind the cookie, and the token that every form of an opened ticket carries."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    async def open(
        self, cookie: str | None, office_id: int, ticket_id: int, number: str, *, shows_code: bool = False
    ) -> str:
        """Let this browser open the ticket for ``HOURS``; returns the new value of the cookie."""
        known = await self.find(cookie, number)
        if known is not None and known.shows_code >= shows_code and cookie:
            # Pages already open in this browser carry form tokens of the right it has.
            return cookie
        token, hashed = new_token()
        async with self._database.connection() as connection:
            await queries("public").open_ticket(
                connection,
                token_hash=hashed,
                office_id=office_id,
                ticket_id=ticket_id,
                number=number,
                shows_code=shows_code,
                hours=HOURS,
            )
        return ".".join([token, *tokens_in(cookie)][:MOST])

    async def all(self, cookie: str | None) -> list[Opened]:
        """What the browser may open now, newest first."""
        hashes = [token_hash(token) for token in tokens_in(cookie)]
        if not hashes:
            return []
        async with self._database.connection() as connection:
            return [
                Opened(**dict(row)) async for row in queries("public").opened_tickets(connection, token_hashes=hashes)
            ]

    async def find(self, cookie: str | None, number: str) -> Opened | None:
        """The right to open the ticket with this number (the one that shows the code first), or None."""
        found = [opened for opened in await self.all(cookie) if opened.number == number]
        return max(found, key=lambda opened: opened.shows_code, default=None)

    async def number_of(self, office_id: int, ticket_id: int) -> str:
        """The number of a ticket that a link has just opened. Raises NotFound."""
        async with self._database.transaction(Scope.ticket(office_id, ticket_id)) as connection:
            found = await queries("public").number_of(connection, office_id=office_id, ticket_id=ticket_id)
        if found is None:
            raise NotFound
        return found

    async def forget(self, cookie: str | None, number: str | None = None) -> None:
        """Take the right away (``number`` None: for every ticket this browser had opened), in the database too."""
        hashes = [o.token_hash for o in await self.all(cookie) if number is None or o.number == number]
        async with self._database.connection() as connection:
            await queries("public").forget_tickets(connection, token_hashes=hashes)

    async def forget_expired(self) -> None:
        """Delete what has run out (upkeep)."""
        async with self._database.connection() as connection:
            await queries("public").forget_expired(connection)

    def form_token(self, opened: Opened) -> str:
        """What a form of this ticket must carry: bound to the cookie, so no other site can know it."""
        return self._keys.digest(_FORM, opened.token_hash)[:16].hex()

    def check_form(self, opened: Opened, given: str) -> None:
        """Raises Forbidden unless the form was made for this right."""
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.form_token(opened).encode()):
            raise Forbidden("This page is too old to send. Load it again and repeat the step.", code="csrf")
