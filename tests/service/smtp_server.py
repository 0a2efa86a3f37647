"""Real SMTP servers for tests: one that takes mail, and ones that misbehave in every way of RELIABILITY.md, scenario 8."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


class Taken:
    """A mail that the server has in its hands, whatever it said about it."""

    def __init__(self, envelope: Envelope) -> None:
        self.to: list[str] = list(envelope.rcpt_tos)
        raw = envelope.content
        message = message_from_bytes(raw if isinstance(raw, bytes) else b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.message = message

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @property
    def html(self) -> str:
        part = self.message.get_body(("html",))
        assert part is not None
        return str(part.get_content())


class Postbox:
    """``script``: what to say to the next mails, one word each (then ``usual``): take, busy, refuse, closing, refuse_content,
    cut_after_data, hang_after_data. ``of``: what to say to one address."""

    def __init__(self) -> None:
        self.usual = "take"
        self.script: list[str] = []
        self.of: dict[str, str] = {}
        self.taken: list[Taken] = []
        self.senders: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.slow = 0.0
        self._next: dict[int, str] = {}

    def to(self, address: str) -> list[Taken]:
        """Mails that arrived for an address."""
        return [mail for mail in self.taken if address in mail.to]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.senders.append(address)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        word = self.of.get(address) or (self.script.pop(0) if self.script else self.usual)
        self._next[id(session)] = word
        answers = {"busy": "450 try later", "refuse": "550 no such box", "closing": "421 closing"}
        if word in answers:
            return answers[word]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        word = self._next.pop(id(session), "take")
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.slow)
        finally:
            self.at_once -= 1
        if word == "refuse_content":
            return "554 not this one"
        self.taken.append(Taken(envelope))
        if word == "cut_after_data":
            assert server.transport is not None
            server.transport.abort()
        if word == "hang_after_data":
            await asyncio.sleep(3600)
        return "250 taken"


@asynccontextmanager
async def smtp_server(postbox: Postbox) -> AsyncIterator[int]:
    """The port on which the postbox is served by a real SMTP server, without STARTTLS."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(postbox, hostname="mx.test", enable_SMTPUTF8=False), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def raw_server(*lines: bytes, hang: bool = False) -> AsyncIterator[int]:
    """A server that says these lines and then closes, or hangs and swallows whatever comes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in lines:
            writer.write(line + b"\r\n")
        await writer.drain()
        if hang:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
