"""`complaints up`: everything on one machine, started in order, kept running, ended together."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterable, Mapping

import msgspec

from complaints_service import embedded
from complaints_service.backup.places import RESTORING
from complaints_service.processes import Child, ChildFailed, Identity, die_with_parent, last_lines
from complaints_service.programs import CatcherProgram, OwnProgram, WebProgram, own_command
from complaints_service.settings import Settings

MISSES_ALLOWED = 3

# Together less than the 10 s within which Ctrl-C ends everything.
OWN_PATIENCE = 4.0
SERVER_PATIENCE = 4.0


class DemoPerson(msgspec.Struct, frozen=True):
    """One of the people of the demo office, as printed for whoever tries the service."""

    username: str
    password: str
    role: str
    unit: str | None = None


class Prepared(msgspec.Struct, frozen=True):
    """What `complaints db upgrade --office --json` answers."""

    applied: list[str]
    people: list[DemoPerson] = []


class Supervisor:
    """Holds DATA_DIR, its servers, and the processes of the service.

    ``environment`` is what the processes of the service inherit; it names the same DATA_DIR as ``settings``.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._data_dir = settings.data_dir
        self._environment = environment
        self._ending = asyncio.Event()
        self._servers: embedded.EmbeddedServers | None = None
        self._own: list[Child] = []
        host, port = settings.listen_host, settings.listen_port
        self.address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def run(self) -> int:
        """Start, stay until a signal asks to end, end. Returns the exit code of `complaints up`."""
        embedded.make_data_dir(self._data_dir)
        with (self._data_dir / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running = embedded.servers_for(self._settings)
                where = running.web if running is not None else "still starting"
                tell(f"a service already runs on {self._data_dir}: {where}")
                return 1
            if (self._data_dir / RESTORING).exists():
                mark = self._data_dir / RESTORING
                tell(
                    f"a restore was not finished: run `complaints restore` again, or remove {mark} to begin with nothing"
                )
                return 1
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self._ending.set)
            try:
                return await self._start_and_stay()
            except (ChildFailed, embedded.NotRunning) as failure:
                if not self._ending.is_set():
                    tell(str(failure))
                    return 1
                return 0
            finally:
                await self._end()

    async def _start_and_stay(self) -> int:
        embedded.end_leftovers_of(self._data_dir)
        if (trouble := _trouble_with(self._settings)) is not None:
            tell(f"{self.address} cannot be used ({trouble}); choose another port: PORT=8123 make run")
            return 1
        ending = asyncio.create_task(self._ending.wait())
        starting = asyncio.create_task(self._start())
        await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            return 0
        people = starting.result()
        print(f"ready {self.address}", flush=True)
        print(_table_of(people), end="", flush=True)
        keeping = [asyncio.create_task(child.keep_running(tell, self._record)) for child in self._children()]
        watching = asyncio.create_task(self._watch_web())
        await ending
        for child in self._children():
            child.expect_end()
        watching.cancel()
        await self._end()
        await asyncio.wait(keeping)
        return 0

    async def _start(self) -> list[DemoPerson]:
        settings = self._settings
        logs = self._data_dir / "log"
        self._servers = embedded.EmbeddedServers(
            self._data_dir,
            postgres=settings.embedded_database,
            valkey=settings.embedded_redis,
            wal_archive=settings.wal_archive,
        )
        catcher: Child | None = None
        if settings.dev:
            catcher = Child(CatcherProgram(self._data_dir, self._environment), logs / "mail.log")
            self._own.append(catcher)
            catcher.spawn()
        await self._servers.start()
        self._record()
        people = await self._prepare_database()
        if catcher is not None:
            await catcher.become_ready()
        self._web_program = WebProgram(settings, self._environment)
        self._web = Child(self._web_program, logs / "web.log")
        worker = Child(OwnProgram("worker", own_command("worker"), self._environment), logs / "worker.log")
        self._own += [self._web, worker]
        worker.spawn()
        self._web.spawn()
        self._record()
        await self._web.become_ready()
        return people

    async def _prepare_database(self) -> list[DemoPerson]:
        """Migrate and seed in a process of its own: what they need stays out of this one's memory."""
        parent = os.getpid()

        def in_the_child() -> None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            die_with_parent(signal.SIGTERM, parent)

        log = self._data_dir / "log" / "upgrade.log"
        with log.open("ab") as complaints:
            process = await asyncio.create_subprocess_exec(
                *own_command("db", "upgrade", "--office", "--json"),
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=complaints,
                preexec_fn=in_the_child,
            )
        try:
            answer, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise ChildFailed(f"the database could not be brought up to date.\n{last_lines(log)}")
        return msgspec.json.decode(answer, type=Prepared).people

    async def _watch_web(self) -> None:
        """A web process whose event loop stands still is killed, and so started again (scenario 28)."""
        misses = 0
        while True:
            await asyncio.sleep(self._settings.probe_seconds)
            misses = misses + 1 if await self._web_program.stands_still() else 0
            if misses >= MISSES_ALLOWED and self._web.identity is not None:
                tell(f"web has not answered {misses} times")
                self._web.kill()
                misses = 0

    def _children(self) -> list[Child]:
        return [*self._own, *(self._servers.children if self._servers is not None else [])]

    def _record(self) -> None:
        """Write down what runs, for the commands beside us and for a start after we were killed."""
        settings, servers = self._settings, self._servers
        assert servers is not None  # noqa: S101 (called after they were started)
        own_database, own_redis = settings.embedded_database, settings.embedded_redis
        embedded.record(
            self._data_dir,
            embedded.RunningServers(
                admin_url=servers.admin_url if own_database else settings.admin_database_url,
                database_url=servers.database_url if own_database else settings.database_url,
                redis_url=servers.redis_url if own_redis else settings.redis_url,
                web=self.address,
                supervisor=Identity.of(os.getpid()),
                processes=[child.identity for child in self._children() if child.identity is not None],
            ),
        )

    async def _end(self) -> None:
        """Web, worker and catcher first, then Valkey, then PostgreSQL; again is harmless."""
        await asyncio.gather(*(child.stop(OWN_PATIENCE) for child in self._own))
        if self._servers is not None:
            await self._servers.stop(SERVER_PATIENCE)
        embedded.forget(self._data_dir)


def tell(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def _trouble_with(settings: Settings) -> str | None:
    """Why nobody can listen on the address, None when one can."""
    family = socket.AF_INET6 if ":" in settings.listen_host else socket.AF_INET
    with socket.socket(family) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((settings.listen_host, settings.listen_port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def _table_of(people: Iterable[DemoPerson]) -> str:
    rows = [(p.username, p.password, p.role, p.unit or "") for p in people]
    if not rows:
        return ""
    rows.insert(0, ("username", "password", "role", "unit"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"  {line}\n" for line in lines)
