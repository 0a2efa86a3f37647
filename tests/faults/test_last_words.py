"""A server that was killed has said its last words and the line still stands: found by the random run as a 500 instead of a 503."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from complaints_service.database import SYSTEM, UNAVAILABLE, Database
from complaints_service.settings import Settings
from tests.servers import Running


class StandingLine:
    """Between a process and PostgreSQL: when the server hangs up, the client does not hear of it."""

    def __init__(self, server_socket: Path) -> None:
        self._server_socket = server_socket
        self.hung_up = asyncio.Event()

    @asynccontextmanager
    async def at(self, folder: Path) -> AsyncGenerator[None]:
        server = await asyncio.start_unix_server(self._serve, folder / ".s.PGSQL.5432")
        try:
            yield
        finally:
            server.close()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(self._server_socket)
        there = asyncio.create_task(_pass_on(client, to_server))
        await _pass_on(server, to_client)
        self.hung_up.set()
        await there
        to_client.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        with contextlib.suppress(OSError):
            writer.write(data)
            await writer.drain()


async def test_after_the_last_words_of_a_killed_server_the_database_counts_as_away_and_the_next_line_is_new(
    running: Running, settings: Settings
) -> None:
    admin = await asyncpg.connect(running.admin_url)
    where = Path(await admin.fetchval("SHOW unix_socket_directories")) / f".s.PGSQL.{await admin.fetchval('SHOW port')}"
    line = StandingLine(where)
    with tempfile.TemporaryDirectory() as folder:
        async with line.at(Path(folder)):
            database = await Database.open(f"postgresql://postgres@/postgres?host={folder}", settings)
            async with database.connection() as connection:
                pid = await connection.fetchval("SELECT pg_backend_pid()")
            await admin.execute("SELECT pg_terminate_backend($1)", pid)
            async with asyncio.timeout(30):
                await line.hung_up.wait()
            with pytest.raises(UNAVAILABLE):
                async with database.transaction(SYSTEM):
                    pass
            async with database.transaction(SYSTEM) as connection:
                assert await connection.fetchval("SELECT pg_backend_pid()") != pid
            await database.close()
    await admin.close()
