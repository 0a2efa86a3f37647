"""Scenario 1: web dies after COMMIT before it answers, before COMMIT, or loses the reply. The key brings the same number (I1, I2)."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.app_client import PLAIN
from tests.faults.losing_proxy import Loses, LosingProxy
from tests.forked import Forked, forked
from tests.platform.service_process import free_port
from tests.servers import Running, clone_template, on_database

DATABASE = f"lost_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


class Web:
    """One web process behind the proxy, started again whenever it is asked for."""

    def __init__(self, proxy: LosingProxy, folder: Path) -> None:
        self.proxy = proxy
        self._folder = folder
        self._port = free_port()
        self._process: Forked | None = None

    async def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COMPLAINTS_")} | {
            "COMPLAINTS_DEV": "1",
            "COMPLAINTS_DATA_DIR": str(self._folder),
            "COMPLAINTS_DATABASE_URL": f"postgresql://complaints_app@/{DATABASE}?host={self.proxy.folder}",
            "COMPLAINTS_REDIS_URL": f"unix://{self._folder}/nobody-listens.sock",
            "COMPLAINTS_SECRET_KEY": "test secret key that is long enough for everybody",
            "COMPLAINTS_LISTEN": f"127.0.0.1:{self._port}",
            "COMPLAINTS_POOL_SIZE": "2",
        }
        self._process = forked(["web"], environment)
        async with asyncio.timeout(60), httpx.AsyncClient(verify=PLAIN) as client:
            while True:
                try:
                    if (await client.get(self.address + "/health/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.end()

    async def file(self, description: str, key: str) -> httpx.Response:
        async with httpx.AsyncClient(timeout=30, verify=PLAIN) as client:
            return await client.post(
                self.address + "/api/v1/complaints",
                json={"description": description, "reporter": {"email": "siti@example.org"}},
                headers={"Idempotency-Key": key},
            )


@pytest.fixture(scope="module")
async def admin(running: Running) -> AsyncIterator[asyncpg.Connection]:
    await clone_template(running, DATABASE)
    connection = await asyncpg.connect(on_database(running.admin_url, DATABASE))
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def web(running: Running, admin: asyncpg.Connection) -> AsyncIterator[Web]:
    socket = (
        Path(await admin.fetchval("SHOW unix_socket_directories")) / f".s.PGSQL.{await admin.fetchval('SHOW port')}"
    )
    with tempfile.TemporaryDirectory() as folder:
        proxy = LosingProxy(socket, Path(folder))
        process = Web(proxy, Path(folder))
        async with proxy.running():
            await process.start()
            yield process
            await process.kill()


async def tickets_about(admin: asyncpg.Connection, description: str) -> list[str]:
    rows = await admin.fetch(
        "SELECT k.number FROM ticket AS k JOIN complaint_text AS c ON c.ticket_id = k.id WHERE c.description = $1",
        description,
    )
    return [row["number"] for row in rows]


async def totals(admin: asyncpg.Connection) -> list[int]:
    return [
        await admin.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
        for table in (
            "ticket",
            "ticket_event",
            "complaint_text",
            "reporter",
            "deadline",
            "sla_timer",
            "outbox",
            "idempotency_key",
        )
    ]


async def test_killed_after_commit_before_the_answer_the_key_brings_the_same_number(
    web: Web, admin: asyncpg.Connection
) -> None:
    description, key = f"Antrean {uuid.uuid4()} tidak bergerak.", str(uuid.uuid4())
    web.proxy.lose(Loses.REPLY, description)
    asked = asyncio.create_task(web.file(description, key))
    await web.proxy.struck.wait()
    await web.kill()
    with pytest.raises(httpx.TransportError):
        await asked
    stored = await tickets_about(admin, description)
    assert len(stored) == 1, "it was committed"
    await web.start()
    again = await web.file(description, key)
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert [again.json()["number"]] == stored == await tickets_about(admin, description)


async def test_killed_before_commit_nothing_is_half_written_and_the_key_is_free(
    web: Web, admin: asyncpg.Connection
) -> None:
    description, key = f"Loket {uuid.uuid4()} tutup lebih awal.", str(uuid.uuid4())
    before = await totals(admin)
    web.proxy.lose(Loses.STATEMENT, description)
    asked = asyncio.create_task(web.file(description, key))
    await web.proxy.struck.wait()
    await web.kill()
    with pytest.raises(httpx.TransportError):
        await asked
    assert await totals(admin) == before
    await web.start()
    first = await web.file(description, key)
    assert first.status_code == 201
    assert "idempotent-replayed" not in first.headers
    assert [first.json()["number"]] == await tickets_about(admin, description)


async def test_a_lost_reply_to_commit_is_told_as_503_and_the_key_brings_the_ticket(
    web: Web, admin: asyncpg.Connection
) -> None:
    description, key = f"Sistem {uuid.uuid4()} selalu gagal.", str(uuid.uuid4())
    web.proxy.lose(Loses.CONNECTION, description)
    lost = await web.file(description, key)
    assert lost.status_code == 503
    assert int(lost.headers["retry-after"]) > 0
    assert lost.headers["content-type"] == "application/problem+json"
    stored = await tickets_about(admin, description)
    assert len(stored) == 1
    again = await web.file(description, key)
    assert again.status_code == 201
    assert [again.json()["number"]] == stored == await tickets_about(admin, description)
