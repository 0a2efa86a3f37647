"""Chats in the database: under their lock, with what they say going to the outbox in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from complaints_service.database import queries
from complaints_service.intake.whatsapp.chat_rows import params_of
from complaints_service.intake.whatsapp.conversation import Say, TicketInChat
from complaints_service.intake.whatsapp.draft import Chat, Step, draft_from_text, draft_to_text
from complaints_service.intake.whatsapp.inbound import Inbound
from complaints_service.keys import Keys
from complaints_service.tickets.model import OPEN, Status

if TYPE_CHECKING:
    import asyncpg


class Taken(StrEnum):
    """What became of a message that was taken in: done, or what is still to be done."""

    DONE = "done"
    SET_ASIDE = "set_aside"
    FILING = "filing"
    THREAD = "thread"
    STATUS = "status"


class StoredChat(msgspec.Struct, frozen=True, kw_only=True):
    """A chat as it was under its lock."""

    office_id: int
    id: int
    address: str
    profile_name: str | None
    ticket_id: int | None
    state: Chat


class Chats:
    """Reads and writes chats inside the caller's transaction (scope: system)."""

    def __init__(self, keys: Keys, site: str) -> None:
        self._keys = keys
        self._site = site

    async def lock(self, connection: asyncpg.Connection, office_id: int, inbound: Inbound) -> StoredChat:
        """The chat of whoever wrote, made when it is new."""
        row = await queries("whatsapp").lock_chat(
            connection,
            office_id=office_id,
            provider=inbound.provider.value,
            address_key=self._keys.digest("whatsapp-address", inbound.provider, inbound.address),
            address=inbound.address,
            profile_name=inbound.profile_name,
            language="id",
        )
        return _stored(office_id, row)

    async def lock_again(self, connection: asyncpg.Connection, office_id: int, chat_id: int) -> StoredChat:
        """A chat that is known."""
        row = await queries("whatsapp").lock_chat_again(connection, office_id=office_id, chat_id=chat_id)
        return _stored(office_id, row)

    async def note(
        self, connection: asyncpg.Connection, chat: StoredChat, message_key: bytes, outcome: str
    ) -> str | None:
        """Take a message in under its key; what became of it if it is known already."""
        return await queries("whatsapp").note_inbound(
            connection, office_id=chat.office_id, message_key=message_key, chat_id=chat.id, outcome=outcome
        )

    async def ticket(self, connection: asyncpg.Connection, chat: StoredChat) -> TicketInChat | None:
        """The latest ticket of the chat as the conversation needs it."""
        if chat.ticket_id is None:
            return None
        row = await queries("whatsapp").ticket_in_chat(connection, office_id=chat.office_id, ticket_id=chat.ticket_id)
        if row is None:
            return None
        return TicketInChat(
            row["number"], open=Status(row["status"]) in OPEN, answered=row["seen_status"] == Status.ANSWERED
        )

    async def save(
        self,
        connection: asyncpg.Connection,
        chat: StoredChat,
        state: Chat,
        says: Iterable[Say],
        name: str,
        ticket_id: int | None = None,
    ) -> None:
        """Write where the chat stands now and what is said. ``name`` is unique for this turn in this chat."""
        if state != chat.state:
            await queries("whatsapp").save_chat(
                connection,
                office_id=chat.office_id,
                chat_id=chat.id,
                step=state.step.value,
                draft=draft_to_text(state.draft),
                draft_key=state.draft_key,
                language=state.language,
                ticket_id=ticket_id or chat.ticket_id,
            )
        if state.draft.parts != chat.state.draft.parts or state.step is not chat.state.step:
            await queries("whatsapp").withdraw_summaries(connection, office_id=chat.office_id, chat_id=chat.id)
        for position, say in enumerate(says):
            dedupe_key = f"chat:{chat.id}:{name}:{position}"
            await queries("whatsapp").queue_turn(
                connection,
                office_id=chat.office_id,
                chat_id=chat.id,
                dedupe_key=dedupe_key,
                params=params_of(say, state, self._site),
                message_id=f"<{self._keys.digest('chat-turn', dedupe_key)[:16].hex()}@whatsapp>",
            )


async def raise_alarm(connection: asyncpg.Connection, office_id: int, key: str, details: dict[str, str]) -> None:
    """Tell the administrator, once while the alarm is open; ``key`` begins with what it is. Details are never personal."""
    await queries("whatsapp").raise_alarm(
        connection,
        office_id=office_id,
        key=key,
        what=key.partition(":")[0],
        details=msgspec.json.encode(details).decode(),
    )


def _stored(office_id: int, row: asyncpg.Record) -> StoredChat:
    state = Chat(
        step=Step(row["step"]),
        draft=draft_from_text(row["draft"]),
        draft_key=row["draft_key"],
        language=row["language"],
    )
    return StoredChat(
        office_id=office_id,
        id=row["id"],
        address=row["address"],
        profile_name=row["profile_name"],
        ticket_id=row["ticket_id"],
        state=state,
    )
