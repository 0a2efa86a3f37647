"""Something between a process and PostgreSQL: it listens in a folder of its own and passes on what comes, as its kind decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path


class Between:
    """Listens on a socket in a folder, where libpq's rules look for it."""

    def __init__(self, server_socket: Path, folder: Path) -> None:
        self.folder = folder
        self._server_socket = server_socket

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        server = await asyncio.start_unix_server(self._serve, self.folder / ".s.PGSQL.5432")
        try:
            yield
        finally:
            self.let_go()
            server.close()

    def let_go(self) -> None:
        """Before it ends: what is held back goes on."""

    def ways(
        self,
        client: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
    ) -> tuple[Coroutine[None, None, None], Coroutine[None, None, None]]:
        """The two directions of one connection; when one ends so does the other."""
        raise NotImplementedError("each kind passes on in its own way")

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(self._server_socket)
        ways = [asyncio.create_task(way) for way in self.ways(client, to_server, server, to_client)]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for writer in (to_server, to_client):
            writer.close()
