"""arq beside the sweep: what it holds when Valkey goes away."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote, urlsplit

import pytest
import redis.exceptions

from complaints_service.queue import open_queue
from complaints_service.wiring import Services
from tests.servers import Running
from workers.settings import make_worker, run_to_its_end
from workers.sweep import Sweeper


class Sleeper:
    """Somebody to be woken."""

    def wake(self) -> None: ...


class Doorway:
    """Between a worker and the real Valkey; when it is shut, every further question is answered by a fault, and the line stays open."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self.shut = False
        self.polled = False
        self.opened = 0
        self.hung_up = 0
        self.changed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        from_valkey, to_valkey = await asyncio.open_unix_connection(self._socket)
        answers = asyncio.create_task(self._answers(from_valkey, writer))
        while data := await reader.read(65_536):
            if self.shut:
                writer.write(b"-MISCONF the disk is full\r\n")
            else:
                self.polled = self.polled or b"ZRANGEBYSCORE" in data
                to_valkey.write(data)
            self.changed.set()
        answers.cancel()
        to_valkey.close()
        writer.close()
        self.hung_up += 1
        self.changed.set()

    @staticmethod
    async def _answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)


async def test_a_part_that_is_woken_in_the_moment_it_is_told_to_stop_stops(services: Services) -> None:
    """The news of work once swallowed the order to stop: a worker that outlived its SIGTERM for ever."""
    swept = asyncio.Event()

    async def sweep() -> int:
        swept.set()
        return 0

    for ticks in range(6):
        swept.clear()
        sweeper = Sweeper(services)
        part = asyncio.create_task(sweeper._repeat("upkeep", sweep))
        await swept.wait()
        for _ in range(5):
            await asyncio.sleep(0)
        sweeper.wake()
        for _ in range(ticks):
            await asyncio.sleep(0)
        part.cancel()
        async with asyncio.timeout(30):
            await asyncio.gather(part, return_exceptions=True)
        assert part.cancelled(), ticks


async def test_an_arq_worker_that_ends_hangs_up(running: Running) -> None:
    doorway = Doorway(unquote(urlsplit(running.redis_url).path))
    server = await asyncio.start_server(doorway.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    worker = make_worker(await open_queue(f"redis://127.0.0.1:{port}"), Sleeper())
    working = asyncio.create_task(run_to_its_end(worker))
    async with asyncio.timeout(20):
        while not doorway.polled:
            doorway.changed.clear()
            await doorway.changed.wait()
        doorway.shut = True
        with pytest.raises(redis.exceptions.ResponseError):
            await working
        while doorway.hung_up < doorway.opened:
            doorway.changed.clear()
            await doorway.changed.wait()
    server.close()
