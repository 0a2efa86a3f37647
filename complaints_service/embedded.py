"""PostgreSQL and Valkey for one machine without servers, and how other commands find them while they run."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from complaints_service.postgres_server import APPLICATION_ROLE, SUPERUSER, PostgresProgram
from complaints_service.processes import Child, Identity, end_leftovers
from complaints_service.settings import Settings
from complaints_service.valkey_server import ValkeyProgram

_SOCKET_PATH_LIMIT = 103  # the smallest of the systems we run on (macOS); Linux allows 107
_LONGEST_SOCKET_NAME = "/.s.PGSQL.5432.lock"


class NotRunning(RuntimeError):
    """No service runs on this DATA_DIR, and no URL points elsewhere."""


class RunningServers(msgspec.Struct, frozen=True):
    """What DATA_DIR/servers.json says while a service runs there."""

    admin_url: str | None
    database_url: str | None
    redis_url: str | None
    web: str | None
    supervisor: Identity
    processes: list[Identity]


class EmbeddedServers:
    """A PostgreSQL and a Valkey under one folder; either may be left out when a URL names another.

    ``durable=False`` is for tests that do not look at what survives a crash: it turns fsync off.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        postgres: bool = True,
        valkey: bool = True,
        durable: bool = True,
        wal_archive: Path | None = None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        make_data_dir(self.data_dir)
        self.sockets = sockets = _socket_folder(self.data_dir)
        logs = self.data_dir / "log"
        self._postgres = PostgresProgram(self.data_dir / "postgres", sockets, durable=durable, wal_archive=wal_archive)
        self._valkey = ValkeyProgram(self.data_dir / "valkey", sockets)
        self.postgres = Child(self._postgres, logs / "postgresql.log") if postgres else None
        self.valkey = Child(self._valkey, logs / "valkey.log") if valkey else None

    @property
    def children(self) -> list[Child]:
        """In the order in which they end: Valkey, then PostgreSQL."""
        return [child for child in (self.valkey, self.postgres) if child is not None]

    @property
    def admin_url(self) -> str:
        """The superuser, for migrations."""
        return self._postgres.url(SUPERUSER)

    @property
    def database_url(self) -> str:
        """The application's role, held by row-level security."""
        return self._postgres.url(APPLICATION_ROLE)

    @property
    def redis_url(self) -> str:
        return self._valkey.url

    async def start(self, within: float = 60.0) -> None:
        """Start what does not run, and make role and database. Raises ChildFailed, also when one is not ready within so many seconds."""
        try:
            for child in self.children:
                if child.identity is None:
                    child.spawn()
            for child in self.children:
                await child.become_ready(within)
            if self.postgres is not None:
                await self._postgres.provide()
        except BaseException:
            await self.stop()
            raise

    async def stop(self, within: float = 10.0) -> None:
        """End both cleanly, each within the seconds given or by force: nothing is running afterwards."""
        for child in self.children:
            await child.stop(within)


@asynccontextmanager
async def throwaway_servers(*, durable: bool = True) -> AsyncGenerator[EmbeddedServers]:
    """A pair of fresh servers that is gone afterwards: for test runs and `complaints up --ephemeral`."""
    folder = Path(tempfile.mkdtemp(prefix="complaints-"))
    servers = EmbeddedServers(folder, durable=durable)
    try:
        await servers.start()
        yield servers
    finally:
        await servers.stop()
        shutil.rmtree(_socket_folder(folder), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def make_data_dir(folder: Path) -> None:
    """The private folder of one installation.

    Run by root, others may walk through it (not list it), because PostgreSQL runs as another user; what
    is in it is private by its own mode.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
    (folder / "log").mkdir(mode=0o700, exist_ok=True)


def record(data_dir: Path, servers: RunningServers) -> None:
    """Write DATA_DIR/servers.json, whole or not at all."""
    draft = data_dir / ".servers.json"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(servers)))
    draft.replace(data_dir / "servers.json")


def forget(data_dir: Path) -> None:
    """Nothing runs any more."""
    (data_dir / "servers.json").unlink(missing_ok=True)


def servers_for(settings: Settings) -> RunningServers | None:
    """What runs on this DATA_DIR now, None when nothing does."""
    servers = _recorded(settings.data_dir)
    return servers if servers is not None and servers.supervisor.is_running() else None


def connected(settings: Settings) -> Settings:
    """The settings with the URLs of the servers that run on the same DATA_DIR, where none are given.

    Raises NotRunning when there is no database to talk to.
    """
    servers = servers_for(settings)
    if servers is None:
        if settings.database_url is None:
            raise NotRunning(f"no service runs on {settings.data_dir}: start one with `complaints up`")
        return settings
    return msgspec.structs.replace(
        settings,
        database_url=settings.database_url or servers.database_url,
        admin_database_url=settings.admin_database_url or servers.admin_url,
        redis_url=settings.redis_url or servers.redis_url,
    )


def end_leftovers_of(data_dir: Path) -> None:
    """Wait for, then kill, what an earlier supervisor that was itself killed has left running."""
    servers = _recorded(data_dir)
    if servers is not None and not servers.supervisor.is_running():
        end_leftovers(servers.processes)


def _recorded(data_dir: Path) -> RunningServers | None:
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((data_dir / "servers.json").read_bytes(), type=RunningServers)
    return None


def _socket_folder(data_dir: Path) -> Path:
    """A private folder for the sockets: in DATA_DIR, or a short one when that path is too long."""
    folder = data_dir / "run"
    if len(os.fsencode(folder)) + len(_LONGEST_SOCKET_NAME) > _SOCKET_PATH_LIMIT:
        name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"complaints-{os.geteuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or (os.geteuid() != 0 and folder.stat().st_uid != os.geteuid()):
        raise NotRunning(f"{folder} belongs to somebody else; choose a shorter COMPLAINTS_DATA_DIR")
    folder.chmod(0o700)
    return folder
