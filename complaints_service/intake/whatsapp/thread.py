"""An open ticket in a chat: the person's words go into its thread, and "status" tells how it stands."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Protocol

import msgspec

from complaints_service.database import SYSTEM, Database, Scope, queries
from complaints_service.errors import NotFound, Refused
from complaints_service.intake.whatsapp.chats import Chats, StoredChat, Taken
from complaints_service.intake.whatsapp.conversation import Say, TicketInChat, answer
from complaints_service.intake.whatsapp.draft import Chat
from complaints_service.intake.whatsapp.inbound import Inbound
from complaints_service.office.model import Office
from complaints_service.tickets.commands import AnyCommand, Reply
from complaints_service.tickets.filed import FilingKey
from complaints_service.tickets.model import REPORTER_ACTOR, Actor, Ticket

if TYPE_CHECKING:
    import asyncpg

# The longest text of one reply (API.md); a longer message becomes several.
LONGEST_REPLY = 5_000


class Work(msgspec.Struct, frozen=True):
    """What a message that was taken in still needs, as it stands in ``whatsapp_inbound.outcome``."""

    kind: Taken
    ticket_id: int = 0
    resolved: bool = False

    @classmethod
    def read(cls, outcome: str) -> Work:
        """From its written form. Raises ValueError when it has none."""
        kind, *rest = outcome.split(":")
        return cls(Taken(kind), int(rest[0]) if rest else 0, "resolved" in rest)

    def written(self) -> str:
        """Such as ``filing``, ``status:17``, ``thread:17:resolved``."""
        parts = [
            self.kind.value,
            *([str(self.ticket_id)] if self.ticket_id else []),
            *(["resolved"] if self.resolved else []),
        ]
        return ":".join(parts)

    @property
    def unfinished(self) -> bool:
        """Whether something is left to do."""
        return self.kind not in (Taken.DONE, Taken.SET_ASIDE)


class Acted(Protocol):
    """What an act on a ticket gives back, as far as a chat is interested."""

    @property
    def ticket(self) -> Ticket: ...


class ActsOnTickets(Protocol):
    """``Tickets``: a ticket changes only by a command."""

    async def act(
        self,
        office: Office,
        number: str,
        command: AnyCommand,
        actor: Actor,
        scope: Scope,
        expected_version: int | None = None,
        key: FilingKey | None = None,
    ) -> Acted: ...


class TellsStatus(Protocol):
    """How a ticket stands, in words for the citizen: the status and what comes next, by when."""

    async def __call__(self, office: Office, ticket_id: int, number: str, language: str) -> tuple[str, str]: ...


class Thread:
    """Does the work that belongs to a ticket of the chat."""

    def __init__(self, database: Database, chats: Chats, tickets: ActsOnTickets, standing: TellsStatus) -> None:
        self._database = database
        self._chats = chats
        self._tickets = tickets
        self._standing = standing

    async def do(self, office: Office, chat: StoredChat, inbound: Inbound, work: Work, key: bytes) -> None:
        """Write the words into the thread or tell the status, then note that the message is done. Doing it again changes nothing."""
        ticket = await self._ticket(chat, work.ticket_id)
        language = chat.state.language
        if work.kind is Taken.STATUS:
            status, following = await self._standing(office, work.ticket_id, ticket.number, language)
            say = Say("status", {"number": ticket.number, "status": status, "next": following})
            await self._finish(chat, key, (say,))
            return
        try:
            await self._write(office, ticket.number, inbound.text, work, key)
        except (Refused, NotFound):
            await self._begin_anew(chat, inbound, ticket, work, key)
            return
        template = "settled" if work.resolved else "reopened" if ticket.answered else "in_thread"
        await self._finish(chat, key, (Say(template, {"number": ticket.number}),))

    async def _ticket(self, chat: StoredChat, ticket_id: int) -> TicketInChat:
        async with self._database.transaction(SYSTEM) as connection:
            ticket = await self._chats.ticket(connection, msgspec.structs.replace(chat, ticket_id=ticket_id))
        if ticket is None:
            raise NotFound
        return ticket

    async def _write(self, office: Office, number: str, text: str, work: Work, key: bytes) -> None:
        scope = Scope.ticket(office.id, work.ticket_id)
        words = "" if work.resolved else text
        pieces = [words[start : start + LONGEST_REPLY] for start in range(0, len(words), LONGEST_REPLY)] or [""]
        for position, piece in enumerate(pieces):
            once = FilingKey("whatsapp-thread", f"{key.hex()}:{position}", piece.encode())
            command = Reply(text=piece, resolved=work.resolved)
            await self._tickets.act(office, number, command, REPORTER_ACTOR, scope, key=once)

    async def _begin_anew(
        self, chat: StoredChat, inbound: Inbound, ticket: TicketInChat, work: Work, key: bytes
    ) -> None:
        """The ticket ended between reading and writing: the words are not lost, they become a draft."""
        ended = msgspec.structs.replace(ticket, open=False, answered=False)
        if work.resolved:
            await self._finish(chat, key, (Say("settled", {"number": ticket.number}),))
            return
        async with self._database.transaction(SYSTEM) as connection:
            now = await self._chats.lock_again(connection, chat.office_id, chat.id)
            turn = answer(now.state, inbound, ended, secrets.token_bytes(16))
            await self._close(connection, now, key, turn.says, turn.chat)

    async def _finish(self, chat: StoredChat, key: bytes, says: tuple[Say, ...]) -> None:
        async with self._database.transaction(SYSTEM) as connection:
            now = await self._chats.lock_again(connection, chat.office_id, chat.id)
            await self._close(connection, now, key, says, now.state)

    async def _close(
        self, connection: asyncpg.Connection, now: StoredChat, key: bytes, says: tuple[Say, ...], state: Chat
    ) -> None:
        # Not the name of the first turn: what was said then stays said.
        await self._chats.save(connection, now, state, says, f"{key.hex()[:32]}:then")
        await queries("whatsapp").finish_inbound(
            connection, office_id=now.office_id, message_key=key, outcome=Taken.DONE.value
        )
