"""A WhatsApp gateway for tests: a real HTTP server that answers as it is told and keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec


class Asked(msgspec.Struct, frozen=True):
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, object]


class FakeGateway:
    """``script``: answers to the next requests, then ``usual``; (0, ...) cuts the line, (-1, ...) never answers."""

    def __init__(self) -> None:
        self.usual: tuple[int, object] = (200, {"messages": [{"id": "wamid.HBgL1"}], "results": {"message_id": "3EB0"}})
        self.script: list[tuple[int, object]] = []
        self.asked: list[Asked] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer; the connection closes afterwards."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(Asked(first.split()[1], headers, msgspec.json.decode(body, type=dict[str, object])))
            status, answer = self.script.pop(0) if self.script else self.usual
            if status == -1:
                await reader.read()
            if status > 0:
                said = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
                writer.write(b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n" % (status, len(said)))
                if 300 <= status < 400:
                    writer.write(b"Location: http://127.0.0.1:1/inside\r\n")
                writer.write(b"\r\n" + said)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def gateway_server(gateway: FakeGateway) -> AsyncIterator[str]:
    """The address under which the gateway listens."""
    server = await asyncio.start_server(gateway.talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
