"""The one delivery loop (rules 3 and 4 of RELIABILITY.md): claim one row, see whether it is still owed, render, hand over, mark."""

from __future__ import annotations

import asyncio
import contextlib
import random
from datetime import date, datetime

import msgspec
import structlog
from jinja2 import TemplateError

from complaints_service.clock import OfficeClock
from complaints_service.database import TRANSIENT, UNAVAILABLE, Database
from complaints_service.failpoints import fp
from complaints_service.keys import Keys
from complaints_service.notifications.alarms import Alarms
from complaints_service.notifications.backoff import MAX_POISON_TRIES, MAX_TRIES, MAX_UNCERTAIN, hold, pause
from complaints_service.notifications.dead_letters import DeadLetters
from complaints_service.notifications.digests import Digests
from complaints_service.notifications.email import EmailTransport
from complaints_service.notifications.facts import Claimed
from complaints_service.notifications.hands import Found, all_hands
from complaints_service.notifications.kinds import Recipient
from complaints_service.notifications.links import Links
from complaints_service.notifications.message_ids import MessageIds
from complaints_service.notifications.outcomes import Dead, Outcome, Retry, Sent, Throttled, Uncertain, Unwanted
from complaints_service.notifications.packing import Packed, Packer
from complaints_service.notifications.push import SendsPush
from complaints_service.notifications.rendering import Renderer
from complaints_service.notifications.seals import Seals
from complaints_service.notifications.smtp_address import smtp_address
from complaints_service.notifications.store import CANCELLED, DEAD, OutboxStore, Waiting
from complaints_service.notifications.ways import Ways
from complaints_service.notifications.whatsapp import WhatsAppTransport
from complaints_service.office.store import OfficeStore
from complaints_service.settings import Settings

log = structlog.get_logger(__name__)

LOOPS = 4
# A hand-over must end well inside its lease, or another worker would send the same message again.
_SHARE_OF_LEASE = 0.6


class Delivery:
    """Messages out of the office. One per process; ``deliver_due`` may be called as often as anybody likes."""

    def __init__(
        self,
        database: Database,
        offices: OfficeStore,
        clock: OfficeClock,
        keys: Keys,
        settings: Settings,
        push: SendsPush | None = None,
    ) -> None:
        self._settings = settings
        self._ids = MessageIds(keys, settings.mail_from)
        self._luck = random.Random()  # noqa: S311 - jitter, no secret
        time_limit = settings.lease_seconds * _SHARE_OF_LEASE
        self._email = EmailTransport(lambda: smtp_address(settings), time_limit)
        self._whatsapp = WhatsAppTransport(settings, keys, time_limit)
        self._push = push
        self._ways = Ways()
        self._room = asyncio.Semaphore(LOOPS)
        self._store = OutboxStore(database, self._ids, settings.lease_seconds, settings.receipts_per_day)
        self._alarms = Alarms(database, self._ids)
        self.links = Links(database, offices)
        self._digests = Digests(database, offices, self._ids)
        self._seals = Seals(database, offices, self._ids)
        self._dead_letters = DeadLetters(database, offices)
        self._packer = Packer(
            database, offices, keys, settings, self.links, Renderer(auto_reload=settings.dev), self._ids
        )
        self._stopping = False
        self._offices = offices
        self.forget_receipts = self._store.forget_receipts
        self.open_alarms = self._alarms.open
        self.dead_letters = self._dead_letters.listed
        self.retry = self._dead_letters.retry

    async def close(self) -> None:
        """Give the gateway's connections back."""
        await self._whatsapp.close()
        await self._email.close()
        if self._push is not None:
            self._push.close()

    async def make_seals(self) -> int:
        """Yesterday's seal over all chains, once, with its mail to the administrators (D10); how many were made."""
        return await self._seals.make()

    async def broken_seals(self, office_id: int) -> list[date]:
        """Days whose seal no longer fits the log: something before their end was rewritten."""
        return await self._seals.broken(office_id)

    async def make_digests(self, now: datetime | None = None) -> int:
        """Today's morning digests at office time ``now`` (None: the database says); the number of new rows. Cheap to repeat."""
        made = await self._digests.make(now)
        if made:
            await self.links.sweep()
        return made

    async def mail_alarms(self) -> int:
        """A mail to every administrator about each alarm that has none yet; the number of new rows."""
        return await self._alarms.mail(await self._offices.current())

    async def waiting(self) -> Waiting:
        """How much is due, in somebody's hands, and when the next row will be due."""
        waiting = await self._store.waiting(self._ways.open())
        rest = self._ways.shortest_rest()
        if rest is None:
            return waiting
        known = waiting.next_seconds
        return msgspec.structs.replace(waiting, next_seconds=rest if known is None else min(known, rest))

    async def deliver_due(self, limit: int = 1_000) -> int:
        """Send what is due, a few rows at the same time, until nothing is left or ``limit`` is reached; the number sent.

        Raises what asyncpg raises when the database is away; rows in hand come back when their lease ends.
        """
        left = [limit]
        return await all_hands(LOOPS, lambda found: self._loop(left, found))

    async def stop(self) -> None:
        """Claim nothing more and wait until the rows in hand are marked: a stop uses up no try (scenario 5)."""
        self._stopping = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.lease_seconds):
                for _ in range(LOOPS):
                    await self._room.acquire()

    async def _loop(self, left: list[int], found: Found) -> int:
        sent = 0
        while left[0] > 0:
            async with self._room:
                if self._stopping:
                    return sent
                ways = self._ways.open()
                row = await self._store.claim(ways) if ways else None
                if row is None:
                    return sent
                found()
                if isinstance(row, int):
                    log.info("outbox_absorbed", rows=row)
                    continue
                left[0] -= 1
                fp("delivery.claimed")
                sent += await self._deliver(row)
                fp("delivery.marked")
        return sent

    async def _deliver(self, row: Claimed) -> bool:
        """One claimed row to its end or back into the queue; True when it was sent."""
        try:
            packed = await self._pack(row)
        except asyncio.CancelledError:
            await asyncio.shield(self._store.give_back(row))
            raise
        if packed is None:
            return False
        fp("delivery.packed")
        outcome = await self._hand_over(packed)
        fp("delivery.sent")
        return await self._mark(row, outcome)

    async def _pack(self, row: Claimed) -> Packed | None:
        """The message ready to leave; None when there is nothing to send: cancelled, dead, fenced, or poison that steps aside."""
        if row.uncertain >= MAX_UNCERTAIN:
            await self._bury(row, "uncertain_too_often")
            return None
        try:
            packed = await self._packer.pack(row)
        except (TemplateError, ValueError) as error:
            # Before UNAVAILABLE: a missing template is an OSError too.
            await self._poison(row, type(error).__name__)
            return None
        except (*UNAVAILABLE, *TRANSIENT):
            raise
        except Exception as error:
            # Whatever the template or the row did: this row steps aside, loudly, and the queue moves (rule 5).
            await self._poison(row, type(error).__name__)
            return None
        if isinstance(packed, Packed):
            return packed
        if packed.state == CANCELLED:
            await self._store.mark_ended(row, CANCELLED, packed.reason)
        elif packed.state == DEAD:
            await self._bury(row, packed.reason)
        return None

    async def _hand_over(self, packed: Packed) -> Outcome:
        if packed.mail is not None:
            return await self._email.send(packed.mail)
        if packed.parcel is not None:
            return await self._whatsapp.send(packed.parcel)
        if packed.push is not None:
            return await self._push.send(packed.push) if self._push is not None else Unwanted("no_push")
        raise AssertionError("packed without content")

    async def _mark(self, row: Claimed, outcome: Outcome) -> bool:
        """Write down what became of it; a lease that was lost is only logged: whoever has it now decides."""
        match outcome:
            case Sent():
                marked = await self._store.mark_sent(row, outcome.provider_id)
                if self._ways.worked(row.way):
                    await self._alarms.way_works(row)
            case Retry():
                marked = await self._again(row, outcome.reason, known=True)
                if outcome.way_down:
                    await self._rest(row, outcome)
            case Throttled():
                marked = await self._again(row, outcome.reason, known=True)
                self._hold(row.way)
            case Uncertain():
                marked = await self._again(row, outcome.reason, known=False)
            case Unwanted():
                marked = await self._store.mark_ended(row, CANCELLED, outcome.reason)
            case Dead():
                marked = await self._bury(row, outcome.reason)
                if outcome.other_way and row.recipient != Recipient.PERSON:
                    await self._packer.other_way(row)
        if not marked:
            log.warning("outbox_lease_lost", row=row.id, kind=row.kind, outcome=type(outcome).__name__)
        return marked and isinstance(outcome, Sent)

    async def _again(self, row: Claimed, reason: str, *, known: bool) -> bool:
        hand_overs = row.uncertain + 1
        if row.attempts >= MAX_TRIES or (not known and hand_overs >= MAX_UNCERTAIN):
            return await self._bury(row, reason if known else f"uncertain_{reason}")
        seconds = self._pause(row.attempts)
        log.info("outbox_again", row=row.id, kind=row.kind, way=row.way, reason=reason, attempt=row.attempts)
        return await self._store.mark_again(row, seconds, reason, known=known, handed_over=True)

    async def _poison(self, row: Claimed, reason: str) -> None:
        log.warning("outbox_poison", row=row.id, kind=row.kind, reason=reason, attempt=row.attempts)
        if row.attempts >= MAX_POISON_TRIES:
            await self._bury(row, f"poison_{reason}")
        else:
            await self._store.mark_again(row, self._pause(row.attempts), reason, known=True, handed_over=False)

    async def _bury(self, row: Claimed, reason: str) -> bool:
        marked = await self._store.mark_ended(row, DEAD, reason)
        if marked:
            log.error("outbox_dead", row=row.id, kind=row.kind, way=row.way, reason=reason, attempts=row.attempts)
            await self._alarms.dead(row, reason)
            if row.recipient == Recipient.PERSON:
                await self._packer.other_way(row)
        return marked

    async def _rest(self, row: Claimed, outcome: Retry) -> None:
        self._hold(row.way)
        if outcome.needs_person:
            await self._alarms.way_down(row, outcome.reason)

    def _hold(self, way: str) -> None:
        seconds = hold(
            self._ways.failures(way) + 1,
            self._settings.outbox_retry_min_seconds,
            self._settings.outbox_retry_max_seconds,
            self._luck.random(),
        )
        self._ways.failed(way, seconds)
        log.warning("outbox_way_rests", way=way, seconds=round(seconds, 1))

    def _pause(self, attempt: int) -> float:
        least, most = self._settings.outbox_retry_min_seconds, self._settings.outbox_retry_max_seconds
        return pause(attempt, least, most, self._luck.random())
