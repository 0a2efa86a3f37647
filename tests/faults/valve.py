"""Between a process and PostgreSQL: lets everything through, or holds it, as a disk or a network that stands still does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from pathlib import Path

from tests.faults.between import Between


class Valve(Between):
    """Open at first."""

    def __init__(self, server_socket: Path, folder: Path) -> None:
        super().__init__(server_socket, folder)
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

    def let_go(self) -> None:
        self.open()

    def ways(
        self,
        client: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
    ) -> tuple[Coroutine[None, None, None], Coroutine[None, None, None]]:
        return self._flow(client, to_server), self._flow(server, to_client)

    async def _flow(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                if not self._open.is_set():
                    self.held += 1
                    await self._open.wait()
                target.write(data)
                await target.drain()
