"""Takes WhatsApp messages in: each once, one after the other in a chat, and safe against a crash at any point.

A message is taken in one transaction under its chat's lock: the note that it was taken (D6), where the chat stands now, what is
said, and what is still to be done. Filing and writing into a thread are transactions of their own with their own keys; until they
are finished the note says so, and the gateway has no answer. Whoever comes next (the gateway's retry, the person's next message,
the sweep) does them again under the same key.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Protocol

import asyncpg
import msgspec
import structlog

from complaints_service.clock import OfficeClock
from complaints_service.database import SYSTEM, TRANSIENT, UNAVAILABLE, Database, queries
from complaints_service.errors import Unavailable
from complaints_service.failpoints import fp
from complaints_service.intake.whatsapp.chats import Chats, StoredChat, Taken, raise_alarm
from complaints_service.intake.whatsapp.conversation import FileDraft, Say, TellStatus, ToThread, Turn, answer
from complaints_service.intake.whatsapp.draft import Step
from complaints_service.intake.whatsapp.filing import DraftFiling, FilesComplaints
from complaints_service.intake.whatsapp.inbound import Delivered, Inbound, Item, Provider, SetAside, Status
from complaints_service.intake.whatsapp.standing import Standing
from complaints_service.intake.whatsapp.thread import ActsOnTickets, Thread, Work
from complaints_service.keys import Keys
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.settings import Settings
from complaints_service.tickets.reading import TicketReader

log = structlog.get_logger(__name__)
DRAFT_KEY_BYTES = 16
# A chat in which somebody else's filing must be finished first is tried again; more than this means trouble.
TRIES = 4
DRAFT_DAYS = 30
# Gateways deliver again for days, at the worst for a month.
KEY_DAYS = 90
AWAY = (*UNAVAILABLE, *TRANSIENT)


class Wakes(Protocol):
    """Told after a commit that something may be due now."""

    def wake(self) -> None: ...


class Heard(msgspec.Struct, frozen=True):
    """A message that was taken in and still has work to it (``work``), or must wait for the chat's filing (None)."""

    chat: StoredChat
    work: Work | None


class WhatsApp:
    """The door of both gateways."""

    def __init__(
        self,
        database: Database,
        offices: OfficeStore,
        clock: OfficeClock,
        keys: Keys,
        settings: Settings,
        intake: FilesComplaints,
        tickets: ActsOnTickets,
        waker: Wakes,
    ) -> None:
        self._database = database
        self._offices = offices
        self._keys = keys
        self._waker = waker
        self._chats = Chats(keys, settings.base_url)
        self._filing = DraftFiling(database, clock, self._chats, intake)
        standing = Standing(TicketReader(database, clock, keys))
        self._thread = Thread(database, self._chats, tickets, standing)

    async def take_in(self, provider: Provider, items: Sequence[Item]) -> None:
        """Take in everything of one delivery; when this returns all of it is committed.

        One that cannot be handled is set aside with an alarm and stops none of the others. Raises Unavailable when the database
        is away: the gateway delivers again, and what was taken already is passed over.
        """
        try:
            office = await self._offices.current()
            for item in items:
                await self._take_or_set_aside(office, provider, item)
        except AWAY as error:
            raise Unavailable from error
        finally:
            self._waker.wake()

    async def finish_filings(self, limit: int = 50) -> int:
        """File confirmed drafts that a crash has left; how many there were. For the sweep."""
        async with self._database.connection() as connection:
            rows = [
                (row["office_id"], row["id"])
                async for row in queries("whatsapp").chats_being_filed(connection, limit=limit)
            ]
        for office_id, chat_id in rows:
            await self._filing.finish(await self._offices.current(office_id), chat_id)
        return len(rows)

    async def clean_up(self) -> int:
        """Forget drafts that were left lying and keys that no gateway needs any more; how many. For the daily upkeep."""
        async with self._database.transaction(SYSTEM) as connection:
            drafts: int = await queries("whatsapp").forget_drafts(connection, days=DRAFT_DAYS)
            keys: int = await queries("whatsapp").forget_inbound(connection, days=KEY_DAYS, limit=10_000)
        return drafts + keys

    async def _take_or_set_aside(self, office: Office, provider: Provider, item: Item) -> None:
        match item:
            case Inbound():
                try:
                    await self._take(office, item)
                except (Unavailable, *AWAY):
                    raise
                except Exception:
                    log.exception("whatsapp_message_failed", provider=provider.value)
                    await self._set_aside(office, self._key_of(provider, item.message_id), "failed")
            case SetAside():
                log.warning("whatsapp_message_unreadable", provider=provider.value, reason=item.reason)
                await self._set_aside(office, self._key_of(provider, item.mark), "unreadable")
            case Status() if item.state is Delivered.FAILED:
                await self._note_failure(item)
            case _:
                pass

    def _key_of(self, provider: Provider, message_id: str) -> bytes:
        """The keyed hash a message is known by: a wamid decodes to the telephone number, so it is not stored (D6)."""
        return self._keys.digest("whatsapp-message", provider, message_id)

    async def _take(self, office: Office, inbound: Inbound) -> None:
        key = self._key_of(inbound.provider, inbound.message_id)
        for _ in range(TRIES):
            heard = await self._database.again(lambda: self._hear(office, inbound, key))
            fp("whatsapp.heard")
            if heard is None:
                return
            if heard.work is None or heard.work.kind is Taken.FILING:
                await self._filing.finish(office, heard.chat.id)
            else:
                await self._thread.do(office, heard.chat, inbound, heard.work, key)
            if heard.work is not None:
                return
        raise Unavailable

    async def _hear(self, office: Office, inbound: Inbound, key: bytes) -> Heard | None:
        """One transaction; None when nothing is left to do."""
        async with self._database.transaction(SYSTEM) as connection:
            chat = await self._chats.lock(connection, office.id, inbound)
            if chat.state.step is Step.FILING:
                return Heard(chat, None)
            known = await self._chats.note(connection, chat, key, Taken.DONE)
            if known is not None:
                work = Work.read(known)
                return Heard(chat, work) if work.unfinished else None
            ticket = await self._chats.ticket(connection, chat)
            turn = answer(chat.state, inbound, ticket, secrets.token_bytes(DRAFT_KEY_BYTES))
            work = await self._work(connection, chat, turn)
            says = turn.says
            if isinstance(turn.deed, TellStatus) and work is None:
                says = (Say("status_unknown"),)
            await self._chats.save(connection, chat, turn.chat, says, key.hex()[:32])
            fp("whatsapp.taken")
            if work is None:
                return None
            await queries("whatsapp").finish_inbound(
                connection, office_id=office.id, message_key=key, outcome=work.written()
            )
        return Heard(chat, work)

    async def _work(self, connection: asyncpg.Connection, chat: StoredChat, turn: Turn) -> Work | None:
        match turn.deed:
            case FileDraft():
                return Work(Taken.FILING)
            case ToThread(resolved=resolved) if chat.ticket_id is not None:
                return Work(Taken.THREAD, chat.ticket_id, resolved)
            case TellStatus(number=None) if chat.ticket_id is not None:
                return Work(Taken.STATUS, chat.ticket_id)
            case TellStatus(number=str(number)):
                row = await queries("whatsapp").ticket_of_chat(
                    connection, office_id=chat.office_id, number=number, chat_id=chat.id
                )
                return Work(Taken.STATUS, row["id"]) if row is not None else None
            case _:
                return None

    async def _set_aside(self, office: Office, key: bytes, why: str) -> None:
        async with self._database.transaction(SYSTEM) as connection:
            row = await queries("whatsapp").set_aside(connection, office_id=office.id, message_key=key)
            if row is not None:
                await raise_alarm(connection, office.id, f"whatsapp_set_aside:{key.hex()[:16]}", {"why": why})

    async def _note_failure(self, status: Status) -> None:
        """A message that the gateway had taken did not arrive: it stays sent (statuses never move it back), and an alarm is raised."""
        code = str(status.error_code or "unknown")
        log.warning("whatsapp_not_delivered", code=code)
        # Stored as a keyed hash by whoever sent it (notifications/whatsapp.py, ``provider_name``).
        provider_id = self._keys.digest("whatsapp-message", status.provider_id).hex()
        async with self._database.transaction(SYSTEM) as connection:
            row = await queries("whatsapp").fail_message(
                connection, provider_id=provider_id, error=f"not delivered: {code}"
            )
            if row is not None:
                await raise_alarm(connection, row["office_id"], f"whatsapp_not_delivered:{row['id']}", {"code": code})
