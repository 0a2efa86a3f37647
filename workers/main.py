"""``complaints worker``: sweeps for what is due, and an arq worker beside it whose jobs only make it prompt (D4).

The sweep needs PostgreSQL alone. arq ends when Valkey is away: it is started again with a growing pause, and nothing waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import structlog

from complaints_service.collector import look_seldom
from complaints_service.database import UNAVAILABLE
from complaints_service.heartbeat import Heartbeat, ProcessKind, process_name
from complaints_service.log_lines import configure_logging
from complaints_service.processes import FIRST_PAUSE, HEALTHY_AFTER, last_signal_taken, longer
from complaints_service.queue import open_queue
from complaints_service.settings import Settings
from complaints_service.wiring import Services, open_services
from workers.settings import make_worker, run_to_its_end
from workers.sweep import Sweeper

log = structlog.get_logger(__name__)
CANCEL_AGAIN_SECONDS = 1.0
# Where the machine has too little for both, a page that a person waits for comes before ten thousand rungs of one minute.
BEHIND_PEOPLE = 5


def run(settings: Settings) -> int:
    """Work until SIGINT or SIGTERM; what is in hand is finished first."""
    configure_logging(settings, "worker")
    os.nice(BEHIND_PEOPLE)
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    services = await _open(settings, stopping)
    if services is None:
        return 0
    look_seldom()
    sweeper = Sweeper(services)
    name = process_name(ProcessKind.WORKER)
    heartbeat = Heartbeat(services.database, name, ProcessKind.WORKER, settings.probe_seconds)
    tasks = [
        asyncio.create_task(sweeper.run(heartbeat), name="sweep"),
        asyncio.create_task(heartbeat.run(), name="heartbeat"),
        asyncio.create_task(_listen(services, sweeper), name="arq"),
    ]
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    failed = [task for task in tasks if task.done() and not task.cancelled()]
    await asyncio.gather(services.notifications.stop(), services.webhooks.delivery.stop())
    await end_all(tasks)
    with contextlib.suppress(Exception):
        await heartbeat.end()
    await services.close()
    last_signal_taken()
    for task in failed:
        log.error("worker_part_ended", part=task.get_name(), exc_info=task.exception())
    return 1 if failed else 0


async def end_all(tasks: list[asyncio.Task[None]], again_after: float = CANCEL_AGAIN_SECONDS) -> None:
    """Tell all to end until they have: what they wait in may swallow one order (arq's polling did, and the worker lived on for ever)."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again_after)
    await asyncio.gather(*tasks, return_exceptions=True)


async def _open(settings: Settings, stopping: asyncio.Event) -> Services | None:
    """Connect, however long PostgreSQL takes to come up."""
    pause = FIRST_PAUSE
    while not stopping.is_set():
        try:
            return await open_services(settings, hints=False)
        except UNAVAILABLE as error:
            log.warning("database_away", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stopping.wait()
            pause = longer(pause)
    return None


async def _listen(services: Services, sweeper: Sweeper) -> None:
    """Keep an arq worker running for as long as Valkey can be reached."""
    url = services.settings.redis_url
    if url is None:
        await asyncio.Event().wait()
        return
    pause = FIRST_PAUSE
    while True:
        try:
            worker = make_worker(await open_queue(url), sweeper)
            started = asyncio.get_running_loop().time()
            await run_to_its_end(worker)
            if asyncio.get_running_loop().time() - started > HEALTHY_AFTER:
                pause = FIRST_PAUSE
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.warning("valkey_away", error=type(error).__name__)
        await asyncio.sleep(pause)
        pause = longer(pause)
