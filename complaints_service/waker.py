"""Hints to the workers that something may be due (D4). A hint may be lost: the sweep finds everything within 10 s."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol, runtime_checkable

import structlog
from arq.connections import ArqRedis

from complaints_service.queue import WAKE_JOB, close_queue, open_queue

log = structlog.get_logger(__name__)
# Many commits in a row are one hint.
COALESCE_SECONDS = 0.05
# While Valkey is away nobody waits for it: the next try comes after this.
QUIET_SECONDS = 5.0


@runtime_checkable
class Waker(Protocol):
    """Told after a commit that something may be due now."""

    def wake(self) -> None: ...


class NoWaker:
    """For processes that sweep by themselves or only read."""

    def wake(self) -> None:
        """Nothing to do."""


class QueueWaker:
    """Puts one arq job for many hints. Never blocks and never fails the caller."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._queue: ArqRedis | None = None
        self._event = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to pass hints on, in a task of the running loop."""
        self._task = asyncio.create_task(self._run(), name="waker")

    def wake(self) -> None:
        """Ask for a run soon."""
        self._event.set()

    async def close(self) -> None:
        """Stop passing hints on."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._queue is not None:
            with contextlib.suppress(Exception):
                await close_queue(self._queue)

    async def _run(self) -> None:
        while True:
            await self._event.wait()
            await asyncio.sleep(COALESCE_SECONDS)
            self._event.clear()
            try:
                if self._queue is None:
                    self._queue = await open_queue(self._redis_url)
                await self._queue.enqueue_job(WAKE_JOB)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("wake_failed", error=type(error).__name__)
                if self._queue is not None:
                    with contextlib.suppress(Exception):
                        await close_queue(self._queue)
                    self._queue = None
                await asyncio.sleep(QUIET_SECONDS)
