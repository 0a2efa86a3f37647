"""A receiver of webhooks for tests: a real HTTP server that answers as it is told and keeps what came, as bytes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from standardwebhooks import Webhook


class Came(msgspec.Struct, frozen=True):
    """One message as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> dict[str, object]:
        return msgspec.json.decode(self.body, type=dict[str, object])

    @property
    def data(self) -> dict[str, object]:
        return msgspec.convert(self.said["data"], dict[str, object])

    def verified(self, secret: str) -> object:
        """What a receiver with the published library makes of it; raises when the signature is wrong."""
        return Webhook(secret).verify(self.body, self.headers)


class Receiver:
    """``script``: statuses of the next answers, then ``usual``; 0 cuts the line, -1 never answers."""

    def __init__(self) -> None:
        self.usual = 204
        self.script: list[int] = []
        self.came: list[Came] = []
        self.extra = ""
        self.held = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.came.append(Came(first.split()[1], headers, body))
            self.held.set()
            status = self.script.pop(0) if self.script else self.usual
            if status == -1:
                await reader.read()
            if status > 0:
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n{self.extra}\r\n".encode()
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiver_at(receiver: Receiver, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port under which it listens on this machine."""
    server = await asyncio.start_server(receiver.talk, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
