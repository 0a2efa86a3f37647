"""A confirmed draft becomes a ticket, once: its own key names it however often it is tried."""

from __future__ import annotations

import secrets
from typing import Protocol

import msgspec
import structlog

from complaints_service.clock import OfficeClock
from complaints_service.database import SYSTEM, TRANSIENT, UNAVAILABLE, Database, queries
from complaints_service.errors import DomainError, KeyReused, Unavailable
from complaints_service.failpoints import fp
from complaints_service.intake.complaint_form import ComplaintBody, ReporterBody, to_complaint
from complaints_service.intake.whatsapp.chats import Chats, StoredChat, raise_alarm
from complaints_service.intake.whatsapp.conversation import Say
from complaints_service.intake.whatsapp.draft import Chat, Step
from complaints_service.office.model import Office
from complaints_service.tickets.filed import Filed, FilingKey
from complaints_service.tickets.model import Channel, Complaint, Privacy

log = structlog.get_logger(__name__)


class FilesComplaints(Protocol):
    """``Intake``: the one way in."""

    async def file_complaint(self, office: Office, complaint: Complaint, key: FilingKey) -> Filed: ...


class DraftFiling:
    """Finishes what a confirmation has begun."""

    def __init__(self, database: Database, clock: OfficeClock, chats: Chats, intake: FilesComplaints) -> None:
        self._database = database
        self._clock = clock
        self._chats = chats
        self._intake = intake

    async def finish(self, office: Office, chat_id: int) -> None:
        """File the chat's confirmed draft; nothing when somebody else has. The receipt goes out with the ticket.

        A draft that cannot be filed comes back to the person as a draft, so that the chat goes on. Raises Unavailable and what
        asyncpg raises when the database is away.
        """
        async with self._database.transaction(SYSTEM) as connection:
            chat = await self._chats.lock_again(connection, office.id, chat_id)
        if chat.state.step is not Step.FILING or chat.state.draft_key is None:
            return
        try:
            filed = await self._file(office, chat, chat.state.draft_key)
        except (Unavailable, *UNAVAILABLE, *TRANSIENT):
            raise
        except KeyReused:
            # Filed before under this key with other words: what stands here now is another complaint.
            await self._give_back(office, chat, secrets.token_bytes(len(chat.state.draft_key)))
        except DomainError as error:
            log.warning("whatsapp_draft_refused", code=error.code)
            await self._give_back(office, chat, chat.state.draft_key)
        except Exception:
            log.exception("whatsapp_filing_failed")
            await self._give_back(office, chat, chat.state.draft_key, alarm=True)
        else:
            fp("whatsapp.filed")
            await self._close(office, chat, filed.ticket_id)

    async def _file(self, office: Office, chat: StoredChat, key: bytes) -> Filed:
        text = chat.state.draft.text
        body = ComplaintBody(
            description=text,
            privacy=Privacy.OPEN,
            reporter=ReporterBody(name=chat.profile_name, language=chat.state.language),
        )
        complaint = to_complaint(body, office, Channel.WHATSAPP, now=self._clock.now())
        complaint = msgspec.structs.replace(complaint, reporter_whatsapp=chat.address, chat_id=chat.id)
        return await self._intake.file_complaint(office, complaint, FilingKey("whatsapp", key.hex(), text.encode()))

    async def _close(self, office: Office, chat: StoredChat, ticket_id: int) -> None:
        async with self._database.transaction(SYSTEM) as connection:
            now = await self._chats.lock_again(connection, office.id, chat.id)
            if now.state.step is Step.FILING and now.state.draft_key == chat.state.draft_key:
                empty = Chat(language=now.state.language)
                await self._chats.save(connection, now, empty, (), "filed", ticket_id=ticket_id)
            await queries("whatsapp").finish_filed(connection, office_id=office.id, chat_id=chat.id)

    async def _give_back(self, office: Office, chat: StoredChat, key: bytes, *, alarm: bool = False) -> None:
        async with self._database.transaction(SYSTEM) as connection:
            now = await self._chats.lock_again(connection, office.id, chat.id)
            if now.state.step is Step.FILING and now.state.draft_key == chat.state.draft_key:
                draft = msgspec.structs.replace(now.state.draft, confirmed_at=None)
                again = msgspec.structs.replace(now.state, step=Step.DRAFTING, draft=draft, draft_key=key)
                name = f"refused:{secrets.token_hex(8)}"
                await self._chats.save(connection, now, again, (Say("not_filed"),), name)
            await queries("whatsapp").finish_filed(connection, office_id=office.id, chat_id=chat.id)
            if alarm:
                await raise_alarm(connection, office.id, f"whatsapp_filing_failed:{chat.id}", {"chat": str(chat.id)})
