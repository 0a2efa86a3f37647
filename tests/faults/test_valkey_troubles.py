"""Scenario 6: a Valkey that wants another password, answers nothing, or is full of other people's keys. Nothing waits for it (D1)."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from complaints_service.embedded import EmbeddedServers
from complaints_service.queue import QUEUE_NAME
from tests.app_client import opened_app
from tests.faults.beside import Beside
from tests.faults.service import eventually
from tests.faults.struck import audited
from tests.servers import Running
from tests.service.outbox_room import Room, a_room

# A hundredth of it: what matters is that the server throws away its oldest keys, ours among them.
CROWD = 1_000_000 // 100


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("valkey")) as opened:
        yield opened


@asynccontextmanager
async def wants_a_password(url: str) -> AsyncGenerator[str]:
    async with Redis.from_url(url) as valkey:
        await valkey.config_set("requirepass", "another one")
    yield url


@asynccontextmanager
async def answers_nothing(_url: str) -> AsyncGenerator[str]:
    open_ends: list[asyncio.StreamWriter] = []

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ends.append(writer)
        while await reader.read(65_536):
            pass

    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.start_unix_server(swallow, Path(folder, "hole.sock"))
        yield f"unix://{folder}/hole.sock"
        for end in open_ends:
            end.close()
        server.close()


@asynccontextmanager
async def is_crowded(url: str) -> AsyncGenerator[str]:
    """So small that every key pushes out another, and our queue's name belongs to something that is no queue."""
    async with Redis.from_url(url) as valkey:
        await valkey.config_set("maxmemory", "3mb")
        for at in range(0, CROWD, 1_000):
            await valkey.mset({f"stranger:{n}": "x" * 200 for n in range(at, at + 1_000)})
        await valkey.set(QUEUE_NAME, "no queue")
        assert await valkey.dbsize() < CROWD
    yield url


@pytest.fixture(scope="module")
async def valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    folder = tmp_path_factory.mktemp("v")
    servers = EmbeddedServers(folder, postgres=False)
    await servers.start()
    yield servers.redis_url
    await servers.stop()


@pytest.mark.parametrize("trouble", [is_crowded, answers_nothing, wants_a_password])
async def test_filing_mail_and_ladder_go_on(room: Room, valkey: str, trouble: object) -> None:
    assert callable(trouble)
    reader = f"{uuid.uuid4().hex}@example.org"
    async with trouble(valkey) as url:
        settings = msgspec.structs.replace(room.services.settings, redis_url=url, rate_filing_per_minute=1_000)
        worker = Beside(room, "worker", redis_url=url)
        seen = worker.log().count("valkey_away")
        async with opened_app(settings) as client, worker.running():
            answers = await asyncio.gather(
                *(
                    client.post(
                        "/api/v1/complaints",
                        json={"description": "Loket tutup lebih awal.", "reporter": {"email": reader}},
                        headers={"Idempotency-Key": str(uuid.uuid4())},
                    )
                    for _ in range(3)
                )
            )
            assert [answer.status_code for answer in answers] == [201] * 3
            assert (await client.get("/health/ready")).status_code == 200
            numbers = [answer.json()["number"] for answer in answers]
            assert await eventually(lambda: len(room.postbox.to(reader)) == 3)
            due = await room.admin.fetchval(
                "SELECT max(d.due_at) FROM deadline AS d JOIN ticket AS k ON k.id = d.ticket_id"
                " WHERE d.target = 'verify' AND k.number = ANY ($1)",
                numbers,
            )
            await room.office.move_clock_to(due + timedelta(minutes=1))

            async def climbed() -> bool:
                climbed: int = await room.admin.fetchval(
                    "SELECT count(DISTINCT e.ticket_id) FROM ticket_event AS e JOIN ticket AS k ON k.id = e.ticket_id"
                    " WHERE e.type = 'rung_fired' AND k.number = ANY ($1)",
                    numbers,
                )
                return climbed == 3

            assert await eventually(climbed)
            # Silence too is found out, so that the hints come back when it does.
            assert await eventually(lambda: worker.log().count("valkey_away") > seen)
        assert "Traceback" not in worker.log()
    assert await audited(room) == []
