"""Between a process and PostgreSQL: lets everything through, or holds it, as a disk or a network that stands still does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path


class Valve:
    """Listens on a socket in a folder, where libpq's rules look for it."""

    def __init__(self, server_socket: Path, folder: Path) -> None:
        self.folder = folder
        self._server_socket = server_socket
        self._open = asyncio.Event()
        self._open.set()
        # How many messages have been held since it was closed.
        self.held = 0

    def close(self) -> None:
        """Nothing reaches the server from now on; nothing is lost."""
        self.held = 0
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        server = await asyncio.start_unix_server(self._serve, self.folder / ".s.PGSQL.5432")
        try:
            yield
        finally:
            self.open()
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._server_socket)
        ways = [
            asyncio.create_task(self._flow(reader, to_server)),
            asyncio.create_task(self._flow(from_server, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (to_server, writer):
            end.close()

    async def _flow(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                if not self._open.is_set():
                    self.held += 1
                    await self._open.wait()
                target.write(data)
                await target.drain()
