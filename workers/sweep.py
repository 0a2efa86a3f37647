"""What a worker does whenever it is woken, and every few seconds anyway: everything that is due."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from complaints_service.clock import monotonic
from complaints_service.database import SYSTEM, TRANSIENT, UNAVAILABLE, queries
from complaints_service.failpoints import fp
from complaints_service.heartbeat import Heartbeat
from complaints_service.public.opened_tickets import OpenedTickets
from complaints_service.wiring import Services

log = structlog.get_logger(__name__)

_SOON = timedelta(milliseconds=20)


class Sweeper:
    """Runs every kind of due work side by side; each kind once at a time in this process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._events: list[asyncio.Event] = []

    def wake(self) -> None:
        """Look now."""
        for event in self._events:
            event.set()

    async def run(self, heartbeat: Heartbeat) -> None:
        """Sweep until cancelled. An outage of the database is waited out; any other failure is recorded and the next sweep tries again."""
        services = self._services
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat("timers", self._fire, heartbeat))
            group.create_task(self._repeat("recompute", self._recompute))
            group.create_task(self._repeat("delivery", services.notifications.deliver_due))
            group.create_task(self._repeat("webhooks", services.webhooks.delivery.deliver_due))
            group.create_task(self._repeat("whatsapp", services.whatsapp.finish_filings))
            group.create_task(self._repeat("upkeep", self._upkeep))

    async def _fire(self) -> int:
        await self._services.offices.refresh()
        fired = await self._services.timers.fire_due()
        if fired:
            self.wake()  # what fired has put messages into the outbox
        return fired

    async def _recompute(self) -> int:
        await self._services.offices.refresh()
        done = await self._services.recomputes.work_due()
        if done:
            self.wake()  # moved deadlines have new timers, and letters say so
        return done

    async def _upkeep(self) -> int:
        services = self._services
        done = await services.feedback.close_due_cycles()
        done += await services.holds.end_due()
        done += await services.notifications.make_digests()
        done += await services.notifications.make_seals()
        done += await services.notifications.mail_alarms()
        fp("upkeep.between")
        await services.accounts.clean_up()
        await OpenedTickets(services.database, services.keys).forget_expired()
        await services.webpush.forget_ended()
        await services.kiosk.clean_up()
        await services.whatsapp.clean_up()
        await services.attachments.sweep()
        await services.surveys.forget_turns()
        await services.notifications.forget_receipts()
        await services.transparency.keep()
        if done:
            self.wake()
        return done

    async def _repeat(self, name: str, work: Callable[[], Awaitable[int]], heartbeat: Heartbeat | None = None) -> None:
        event = asyncio.Event()
        self._events.append(event)
        while True:
            event.clear()
            started = monotonic()
            try:
                done = await work()
                if heartbeat is not None:
                    await heartbeat.beat(swept=True)
                if done:
                    log.info("swept", part=name, done=done, seconds=round(monotonic() - started, 3))
            except (*UNAVAILABLE, *TRANSIENT) as error:
                log.warning("database_away", part=name, error=type(error).__name__)
            except Exception:
                log.exception("sweep_failed", part=name)
            pause = await self._pause(name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await event.wait()
            await asyncio.sleep(_SOON.total_seconds())

    async def _pause(self, name: str) -> float:
        """Until the next sweep, or shorter when something is known to be due before it."""
        longest = float(self._services.settings.sweep_seconds)
        try:
            if name == "delivery":
                waiting = await self._services.notifications.waiting()
                return longest if waiting.next_seconds is None else max(0.05, min(longest, waiting.next_seconds))
            if name == "webhooks":
                due_in = await self._services.webhooks.delivery.next_seconds()
                return longest if due_in is None else max(0.05, min(longest, due_in))
            if name == "recompute":
                begins = await self._services.recomputes.next_seconds()
                return longest if begins is None else min(longest, begins)
            if name == "timers":
                async with self._services.database.transaction(SYSTEM) as connection:
                    due = await queries("timers").next_due(connection)
                if due is not None:
                    return max(0.05, min(longest, (due - self._services.clock.now()).total_seconds()))
        except UNAVAILABLE:
            return min(1.0, longest)
        except Exception:
            # A connection cut off in the middle of an answer raises the driver's own errors too: no reason to end the worker.
            log.exception("sweep_failed", part=name)
            return min(1.0, longest)
        return longest
