"""Simulations, and counts of effects on open tickets, in the background: started by a request, looked at by others, given up when
nobody looks any more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from complaints_service.database import UNAVAILABLE, Database
from complaints_service.errors import DomainError, Invalid, Unavailable
from complaints_service.keys import new_token
from complaints_service.office.model import Office
from complaints_service.settings import Settings
from complaints_service.sla.effects import OpenEffects
from complaints_service.sla.simulation_board import Board, Job, Kind, State
from complaints_service.sla.simulation_result import Result
from complaints_service.sla.simulation_run import Asked, Progress, Sight, Simulations

log = structlog.get_logger(__name__)
TELL_SECONDS = 0.5
Work = Callable[[Progress], Awaitable[Result | OpenEffects]]
EffectsWork = Callable[[Progress], Awaitable[OpenEffects]]


class SimulationJobs:
    """The runs of this process, and a look at those of any. Close it when the process ends."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._simulations = Simulations(database, settings)
        self._board = Board(settings.redis_url)
        self._running: dict[str, asyncio.Task[None]] = {}
        # By person: the last count of effects that this process began.
        self._counts: dict[int, str] = {}

    async def at_once(self, office: Office, sight: Sight, asked: Asked) -> Result:
        """Run it and wait for the result. Raises as ``Simulations.run``."""
        return await self._simulations.run(office, sight, asked, _unwatched)

    async def start(self, office: Office, sight: Sight, asked: Asked, subject: str = "{}") -> Job:
        """Begin a run in the background; returns as soon as it has its place. Raises as ``Simulations.run`` until then."""
        job = Job(id="", office_id=office.id, person_id=sight.person_id, state=State.RUNNING, subject=subject)
        return await self._begin(job, lambda progress: self._simulations.run(office, sight, asked, progress))

    async def start_effects(self, office: Office, person_id: int, subject: str, count: EffectsWork) -> Job:
        """Begin to count what a draft (``subject``) would do to open tickets, as ``start`` does. The person's earlier count is given up."""
        earlier = self._counts.get(person_id)
        if earlier is not None:
            await self.stop(office, person_id, earlier)
        job = Job(
            id="", office_id=office.id, person_id=person_id, state=State.RUNNING, kind=Kind.EFFECTS, subject=subject
        )
        begun = await self._begin(job, count)
        self._counts[person_id] = begun.id
        return begun

    async def _begin(self, asked: Job, work: Work) -> Job:
        job_id, _ = new_token()
        job = msgspec.structs.replace(asked, id=job_id)
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._board.get(job_id)
        task = asyncio.create_task(self._run(job, work, begun), name=job.kind.value)
        self._running[job_id] = task
        task.add_done_callback(lambda _: self._running.pop(job_id, None))
        await begun
        return await self._board.get(job_id) or job

    async def look(self, office: Office, person_id: int, job_id: str, kind: Kind = Kind.SIMULATION) -> Job | None:
        """How a run of this person stands; None for anybody else's, for another kind, and for one that is forgotten."""
        job = await self._board.get(job_id)
        if job is None or (job.office_id, job.person_id, job.kind) != (office.id, person_id, kind):
            return None
        return job

    async def stop(self, office: Office, person_id: int, job_id: str) -> None:
        """Give up a run. One that goes on in another process ends when that notices (within its next telling)."""
        job = await self._board.get(job_id)
        if job is None or (job.office_id, job.person_id, job.state) != (office.id, person_id, State.RUNNING):
            return
        task = self._running.get(job_id)
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._board.put(msgspec.structs.replace(job, state=State.CANCELLED))

    @property
    def running(self) -> int:
        """How many runs this process has in hand."""
        return len(self._running)

    async def close(self) -> None:
        """Give up every run of this process."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._board.close()

    async def _run(self, job: Job, work: Work, begun: asyncio.Future[None]) -> None:
        running = _Running(job)

        def progress(done: int, total: int) -> None:
            running.job = msgspec.structs.replace(running.job, done=done, total=total)
            if not begun.done():
                running.placed = begun

        telling = asyncio.create_task(self._tell(running, asyncio.current_task()))
        try:
            found = await work(progress)
            done = {"result": found} if isinstance(found, Result) else {"effects": found}
            running.job = msgspec.structs.replace(running.job, state=State.DONE, **done)
        except asyncio.CancelledError:
            running.job = msgspec.structs.replace(running.job, state=State.CANCELLED)
        except (DomainError, *UNAVAILABLE) as error:
            failure = error if isinstance(error, DomainError) else Unavailable()
            detail = failure.problems[0].detail if isinstance(failure, Invalid) else failure.detail
            running.job = msgspec.structs.replace(running.job, state=State.FAILED, problem=detail)
            if not begun.done():
                begun.set_exception(failure)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            await self._board.put(running.job)
            if not begun.done():
                begun.set_result(None)

    async def _tell(self, running: _Running, task: asyncio.Task[None] | None) -> None:
        """Put the progress on the board, and give the run up when nobody has looked at it for a while or somebody has stopped it."""
        while True:
            if running.placed is not None:
                stands = await self._board.get_quietly(running.job.id)
                stopped = stands is not None and stands.state is State.CANCELLED
                if task is not None and (stopped or not await self._board.watched(running.job.id)):
                    log.info("simulation_given_up", stopped=stopped)
                    task.cancel()
                    return
                await self._board.put(running.job)
                if not running.placed.done():
                    running.placed.set_result(None)
            await asyncio.sleep(TELL_SECONDS if running.placed is not None else 0.02)


class _Running:
    """A run as its task sees it; ``placed``: to be set once the board knows of it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.placed: asyncio.Future[None] | None = None


def _unwatched(_done: int, _total: int) -> None:
    """For a run that somebody waits for."""
