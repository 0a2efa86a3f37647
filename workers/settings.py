"""The arq worker: one job, ``wake``, that tells the sweeper to look now.

arq reads its settings flat (an inherited ``job_serializer`` is silently ignored), so everything is passed to the constructor here.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Protocol

from arq.connections import ArqRedis
from arq.worker import Worker, func

from complaints_service.queue import QUEUE_NAME, WAKE_JOB, close_queue, deserialize, serialize


class Wakes(Protocol):
    """Told to look for due work now."""

    def wake(self) -> None: ...


def make_worker(queue: ArqRedis, sweeper: Wakes) -> Worker:
    """An arq worker on these connections to our queue, its own from now on.

    Its signals are the process's own business; results are not kept (they would block ids).
    """

    async def wake(ctx: dict[Any, Any]) -> None:
        """Something was committed that may be due."""
        sweeper.wake()

    return Worker(
        functions=[func(wake, name=WAKE_JOB, keep_result=0)],
        queue_name=QUEUE_NAME,
        redis_pool=queue,
        handle_signals=False,
        job_serializer=serialize,
        job_deserializer=deserialize,
        max_jobs=4,
        job_timeout=10,
        max_tries=2,
        keep_result=0,
        poll_delay=0.2,
        health_check_interval=60,
        allow_abort_jobs=False,
    )


async def run_to_its_end(worker: Worker) -> None:
    """Work until Valkey goes away (raises what redis raises) or the caller is cancelled; jobs and connections end with it.

    ``async_run`` leaves both to the garbage collector, and arq's own ``close`` asks the server that is gone first.
    """
    try:
        await worker.async_run()
    finally:
        for job in worker.tasks.values():
            job.cancel()
        await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
        with contextlib.suppress(Exception):
            await close_queue(worker.pool)
