"""The service that is broken: `complaints up`, with three more workers beside its own, each started again when it dies."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import asyncpg

from complaints_service.processes import Child, Identity
from complaints_service.programs import OwnProgram, own_command
from tests.faults.service import POSTGRES, VALKEY, WEB, WORKER, FaultyService
from tests.faults.soak.plan import WORKERS, Deed
from tests.forked import Forked
from tests.platform.service_process import ServiceProcess
from tests.servers import VARIABLE

# What a question to the database may raise while it is killed: the driver's own errors too.
CUT = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_PART = {
    Deed.KILL_WEB: WEB, Deed.STOP_WEB: WEB, Deed.DEPLOY_WEB: WEB,
    Deed.KILL_POSTGRES: POSTGRES, Deed.KILL_VALKEY: VALKEY, Deed.STOP_VALKEY: VALKEY,
}  # fmt: skip


class Broken(FaultyService):
    """A service with ``WORKERS`` workers. The first is that of `complaints up`, the others have a keeper of the same kind."""

    def __init__(self, data_dir: Path, **variables: str) -> None:
        super().__init__(data_dir, program=None, **variables)
        # Alone (make soak) everything is started as a person starts it; among other tests, out of their fork server.
        self._as_forks = VARIABLE in os.environ
        self._more: list[Child] = []

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        await asyncio.to_thread(self.start)
        logs = self.data_dir / "log"
        self._more = [
            Child(OwnProgram("worker", own_command("worker"), self.environment), logs / f"worker-{place}.log")
            for place in range(1, WORKERS)
        ]
        keeping: list[asyncio.Task[None]] = []
        try:
            for child in self._more:
                child.spawn()
                keeping.append(asyncio.create_task(child.keep_running(_nobody_reads, _nothing)))
            yield
        finally:
            for child in self._more:
                child.expect_end()
            await asyncio.gather(*(child.stop() for child in self._more))
            await asyncio.gather(*keeping, return_exceptions=True)
            await asyncio.to_thread(self.stop)

    def start(self) -> None:
        if self._as_forks:
            super().start()
        else:
            ServiceProcess.start(self)

    def begin(self, output: IO[bytes]) -> subprocess.Popen[bytes] | Forked:  # pyright: ignore[reportIncompatibleMethodOverride]
        return super().begin(output) if self._as_forks else ServiceProcess.begin(self, output)

    def run_with(self, more: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        if self._as_forks:
            return super().run_with(more, *arguments)
        return ServiceProcess.run_with(self, more, *arguments)

    def worker(self, place: int) -> Identity | None:
        """The worker in a place, if one runs there now."""
        if place:
            return self._more[place - 1].identity
        pid = self.pid_of(WORKER)
        return None if pid is None else Identity.of(pid)

    def place_of(self, worker: Identity) -> int:
        """The place in which a worker stands; 0 for a process that is none."""
        return next((place for place in range(1, WORKERS) if self.worker(place) == worker), 0)

    async def victim(self, deed: Deed, which: int) -> Identity | None:
        """The process that a fault is for, None when it does not run at this moment: being started again, or killed just now."""
        if deed in (Deed.KILL_WORKER, Deed.STOP_WORKER, Deed.DEPLOY_WORKER):
            running = [one for one in map(self.worker, range(WORKERS)) if one is not None]
            return running[which % len(running)] if running else None
        if deed is Deed.KILL_BACKEND:
            return await self._backend(which)
        pid = self.pid_of(_PART[deed])
        return None if pid is None else Identity.of(pid)

    async def _backend(self, which: int) -> Identity | None:
        try:
            pids = await self.ask(
                "SELECT array_agg(pid ORDER BY pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        except CUT:
            return None
        return Identity.of(pids[which % len(pids)]) if pids else None

    def logs(self) -> list[Path]:
        return sorted((self.data_dir / "log").iterdir())


def _nobody_reads(_line: str) -> None:
    """The report counts for itself."""


def _nothing() -> None:
    """There is no file of processes to keep."""
