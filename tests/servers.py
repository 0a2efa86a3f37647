"""The servers of a test run: one PostgreSQL and one Valkey for all workers, and a migrated, seeded template to clone databases from."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec

from complaints_service.demo.people import DemoPerson
from complaints_service.settings import Settings

if TYPE_CHECKING:
    from complaints_service.embedded import EmbeddedServers

TEMPLATE = "complaints_template"
VARIABLE = "COMPLAINTS_TEST_SERVERS"


class Running(msgspec.Struct, frozen=True):
    """How to reach the servers of this run, and the demo people with their passwords."""

    folder: str
    cluster: str
    admin_url: str
    database_url: str
    redis_url: str
    people: list[DemoPerson]


class Servers:
    """Starts the servers in a thread that lives as long as the run (they end with the thread that made them)."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="complaints-tests-"))
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._running: Running | None = None
        self._thread = threading.Thread(target=self._serve, name="servers", daemon=True)

    def start(self) -> Running:
        """Start both servers and make the template; raises what went wrong."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        assert self._running is not None
        return self._running

    def stop(self) -> None:
        """Stop both and remove what they wrote."""
        self._stop.set()
        self._thread.join(20)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _serve(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self._failure = error
            self._ready.set()

    async def _run(self) -> None:
        from complaints_service.embedded import EmbeddedServers

        self._folder.chmod(0o711)
        servers = EmbeddedServers(self._folder / "servers", durable=False)
        cluster = self._keep_cluster(servers)
        await servers.start()
        try:
            people = await self._make_template(servers.admin_url)
            self._running = Running(
                str(self._folder), str(cluster), servers.admin_url, servers.database_url, servers.redis_url, people
            )
            self._ready.set()
            await asyncio.to_thread(self._stop.wait)
        finally:
            await servers.stop(5)

    def _keep_cluster(self, servers: EmbeddedServers) -> Path:
        """A cluster as initdb leaves it: services with a server of their own begin with a copy (tests/fork_server.py)."""
        assert servers.postgres is not None
        servers.postgres.program.prepare()
        kept = self._folder / "cluster"
        subprocess.run(["cp", "-a", str(servers.data_dir / "postgres"), str(kept)], check=True)
        return kept

    async def _make_template(self, admin_url: str) -> list[DemoPerson]:
        from complaints_service.database import upgrade
        from complaints_service.demo import seed

        connection = await asyncpg.connect(admin_url)
        try:
            await connection.execute(f"CREATE DATABASE {TEMPLATE}")
        finally:
            await connection.close()
        template_url = on_database(admin_url, TEMPLATE)
        await upgrade(template_url)
        return await seed(test_settings(self._folder / "template", template_url, None), template_url, tickets=False)


async def clone_template(running: Running, name: str) -> str:
    """A fresh database for one worker; returns its URL as the application's role."""
    connection = await asyncpg.connect(running.admin_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    finally:
        await connection.close()
    return on_database(running.database_url, name)


def on_database(url: str, name: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def test_settings(data_dir: Path, database_url: str, redis_url: str | None, **more: str) -> Settings:
    """Development settings with short leases and pauses."""
    env = {
        "COMPLAINTS_DEV": "1",
        "COMPLAINTS_DATA_DIR": str(data_dir),
        "COMPLAINTS_DATABASE_URL": database_url,
        "COMPLAINTS_SECRET_KEY": "test secret key that is long enough for everybody",
        "COMPLAINTS_LEASE_SECONDS": "3",
        "COMPLAINTS_SWEEP_SECONDS": "1",
        "COMPLAINTS_OUTBOX_RETRY_MIN_SECONDS": "0.05",
        "COMPLAINTS_OUTBOX_RETRY_MAX_SECONDS": "0.2",
        "COMPLAINTS_LOG_LEVEL": "warning",
        **({"COMPLAINTS_REDIS_URL": redis_url} if redis_url else {}),
        **{f"COMPLAINTS_{name.upper()}": value for name, value in more.items()},
    }
    return Settings.from_env(env)


test_settings.__test__ = False  # pyright: ignore[reportFunctionMemberAccess] - a helper, not a test
