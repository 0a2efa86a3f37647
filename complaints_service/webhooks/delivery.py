"""The loop of the webhooks, beside that of the mails: claim one row, see whether it is still owed, sign, post, mark.

It has loops of its own, so that receivers who do not answer delay no mail; and each endpoint has at most a share of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import random

import structlog

from complaints_service.clock import machine_now
from complaints_service.database import TRANSIENT, UNAVAILABLE, Database
from complaints_service.failpoints import fp
from complaints_service.keys import Keys
from complaints_service.notifications.alarms import Alarms
from complaints_service.notifications.backoff import MAX_POISON_TRIES, MAX_UNCERTAIN
from complaints_service.notifications.facts import Claimed
from complaints_service.notifications.hands import Found, all_hands
from complaints_service.notifications.message_ids import MessageIds
from complaints_service.notifications.store import CANCELLED, DEAD, OutboxStore
from complaints_service.settings import Settings
from complaints_service.webhooks.events import body_of
from complaints_service.webhooks.schedule import pause_after
from complaints_service.webhooks.signing import secret_of, signed_headers
from complaints_service.webhooks.store import NotOwed, WebhookStore
from complaints_service.webhooks.transport import TIME_LIMIT, Answer, Failed, Gone, Taken, Transport

log = structlog.get_logger(__name__)

LOOPS = 4
# An endpoint that fails is tried at least once a minute, so that it is whole again soon after it has mended itself.
_LONGEST_REST = 60.0


class WebhookDelivery:
    """Messages to machines. One per process; ``deliver_due`` may be called as often as anybody likes."""

    def __init__(self, database: Database, keys: Keys, settings: Settings, transport: Transport | None = None) -> None:
        ids = MessageIds(keys, settings.mail_from)
        self._keys = keys
        self._settings = settings
        self._luck = random.Random()  # noqa: S311 - jitter, no secret
        # Well inside its lease, or another worker would send the same message again.
        limit = min(TIME_LIMIT, settings.lease_seconds * 0.6)
        self._transport = transport or Transport(dev=settings.dev, time_limit=limit)
        self._outbox = OutboxStore(database, ids, settings.lease_seconds)
        rest = (settings.outbox_retry_min_seconds, min(_LONGEST_REST, settings.outbox_retry_max_seconds))
        self._store = WebhookStore(database, settings.lease_seconds, rest)
        self._alarms = Alarms(database, ids)
        self._room = asyncio.Semaphore(LOOPS)
        # One claim after the other: each sees what the one before took, and an endpoint's share is kept.
        self._claiming = asyncio.Lock()
        self._stopping = False

    def close(self) -> None:
        """Nothing is kept open between two messages but the threads that look names up."""
        self._transport.close()

    async def next_seconds(self) -> float | None:
        """Machine seconds until something may be due; None: nothing waits."""
        return await self._store.next_seconds()

    async def deliver_due(self, limit: int = 1_000) -> int:
        """Send what is due until nothing is left or ``limit`` is reached; the number taken. Raises what asyncpg raises."""
        left = [limit]
        return await all_hands(LOOPS, lambda found: self._loop(left, found))

    async def stop(self) -> None:
        """Claim nothing more and wait until the rows in hand are marked."""
        self._stopping = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.lease_seconds):
                for _ in range(LOOPS):
                    await self._room.acquire()

    async def _loop(self, left: list[int], found: Found) -> int:
        taken = 0
        while left[0] > 0:
            async with self._room:
                if self._stopping:
                    return taken
                async with self._claiming:
                    row = await self._store.claim()
                if row is None:
                    return taken
                found()
                left[0] -= 1
                fp("webhook.claimed")
                taken += await self._deliver(row)
        return taken

    async def _deliver(self, row: Claimed) -> bool:
        """One claimed row to its end or back into the queue; True when it was taken."""
        if row.uncertain >= MAX_UNCERTAIN:
            await self._bury(row, "uncertain_too_often")
            return False
        try:
            answer = await self._post(row)
        except asyncio.CancelledError:
            await asyncio.shield(self._outbox.give_back(row))
            raise
        except (*UNAVAILABLE, *TRANSIENT):
            raise
        except Exception as error:
            # Whatever the row did: it steps aside, loudly, and the queue moves (rule 5 of RELIABILITY.md).
            await self._poison(row, type(error).__name__)
            return False
        return answer is not None and await self._mark(row, answer)

    async def _post(self, row: Claimed) -> Answer | None:
        """None: there is nothing to send (cancelled), or the row is somebody else's."""
        owed = await self._store.owed(row)
        if isinstance(owed, NotOwed):
            await self._outbox.mark_ended(row, CANCELLED, owed.reason)
            return None
        body = body_of(row.kind, row.params, owed.number, self._settings.base_url)
        valid = [key for key in (owed.destination.key, owed.destination.old_key) if key is not None]
        headers = signed_headers([secret_of(self._keys, key) for key in valid], row.id, machine_now(), body)
        if not await self._store.hand_over(row):
            return None
        return await self._transport.send(owed.destination.url, headers, body)

    async def _mark(self, row: Claimed, answer: Answer) -> bool:
        match answer:
            case Taken():
                fp("webhook.sent")
                marked = await self._outbox.mark_sent(row, None)
                await self._store.worked(row)
                return marked
            case Gone():
                if await self._store.gone(row):
                    log.warning("webhook_gone", endpoint=row.address)
                await self._outbox.mark_ended(row, CANCELLED, "gone")
            case Failed():
                await self._store.failed(row, answer.reason, answer.asked_seconds)
                await self._again(row, answer)
        return False

    async def _again(self, row: Claimed, answer: Failed) -> None:
        uncertain = row.uncertain + 1 if answer.uncertain else 0
        if uncertain >= MAX_UNCERTAIN:
            # Copies are bounded (I5): three may have arrived, now a person says what is to be done.
            await self._bury(row, f"uncertain_{answer.reason}")
            return
        pause = pause_after(row.attempts, answer.asked_seconds, self._luck.random(), uncertain=uncertain)
        if pause is None:
            await self._bury(row, answer.reason)
            return
        log.info("webhook_again", row=row.id, endpoint=row.address, reason=answer.reason, attempt=row.attempts)
        await self._outbox.mark_again(row, pause, answer.reason, known=not answer.uncertain, handed_over=True)

    async def _poison(self, row: Claimed, reason: str) -> None:
        log.warning("webhook_poison", row=row.id, kind=row.kind, reason=reason, attempt=row.attempts)
        if row.attempts >= MAX_POISON_TRIES:
            await self._bury(row, f"poison_{reason}")
            return
        await self._outbox.mark_again(
            row, self._settings.outbox_retry_min_seconds, reason, known=True, handed_over=False
        )

    async def _bury(self, row: Claimed, reason: str) -> None:
        if await self._outbox.mark_ended(row, DEAD, reason):
            log.error(
                "webhook_dead", row=row.id, kind=row.kind, endpoint=row.address, reason=reason, attempts=row.attempts
            )
            await self._alarms.dead(row, reason)
