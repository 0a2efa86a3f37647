"""Between a process and PostgreSQL: lets everything through, and at a chosen statement loses the reply, or the statement itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from enum import StrEnum
from pathlib import Path

from tests.faults.between import Between


class Loses(StrEnum):
    """What goes missing at the statement that holds the marker."""

    NOTHING = "nothing"
    STATEMENT = "statement"  # it never arrives
    REPLY = "reply"  # it is carried out, the answer never comes
    CONNECTION = "connection"  # it is carried out, and the line is cut instead of an answer


class LosingProxy(Between):
    """Passes everything on until it is told what to lose."""

    def __init__(self, server_socket: Path, folder: Path) -> None:
        super().__init__(server_socket, folder)
        self._loses = Loses.NOTHING
        self._marker = b""
        self.struck = asyncio.Event()

    def lose(self, what: Loses, marker: str) -> None:
        """From now on, at the next message to the server that holds the marker."""
        self._loses, self._marker = what, marker.encode()
        self.struck.clear()

    def ways(
        self,
        client: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
    ) -> tuple[Coroutine[None, None, None], Coroutine[None, None, None]]:
        line = _Line(self, client, to_server, server, to_client)
        return line.there(), line.back()

    def strikes(self, data: bytes) -> Loses:
        if self._loses is Loses.NOTHING or self._marker not in data:
            return Loses.NOTHING
        what, self._loses = self._loses, Loses.NOTHING
        return what


class _Line:
    """One connection."""

    def __init__(
        self,
        proxy: LosingProxy,
        client: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._client, self._to_server, self._server, self._to_client = client, to_server, server, to_client
        self._lost = Loses.NOTHING

    async def there(self) -> None:
        with contextlib.suppress(OSError):
            while data := await self._client.read(65_536):
                if (what := self._proxy.strikes(data)) is not Loses.NOTHING:
                    self._lost = what
                    if what is Loses.STATEMENT:
                        self._proxy.struck.set()
                if self._lost is Loses.STATEMENT:
                    continue
                self._to_server.write(data)
                await self._to_server.drain()

    async def back(self) -> None:
        with contextlib.suppress(OSError):
            while data := await self._server.read(65_536):
                if self._lost is Loses.NOTHING:
                    self._to_client.write(data)
                    await self._to_client.drain()
                    continue
                # The server has spoken: what it was asked is done.
                self._proxy.struck.set()
                if self._lost is Loses.CONNECTION:
                    return
