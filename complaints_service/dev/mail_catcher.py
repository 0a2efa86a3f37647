"""A real SMTP server for development and tests: it keeps every mail as a file and delivers none.

Run as ``python -m complaints_service.dev.mail_catcher DATA_DIR``. A mail is answered with 250 only when it
is on the disk, so that what the service believes to be sent is there after any crash.
"""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import signal
import sys
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from complaints_service.clock import machine_now
from complaints_service.processes import last_signal_taken

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

NAME = "complaints-mail-catcher"
LARGEST_MAIL = 32 * 1024 * 1024


class CaughtMail(msgspec.Struct, frozen=True):
    """One mail as it arrived: ``to`` are the envelope's bare addresses, times are the machine's (UTC)."""

    id: str
    to: list[str]
    sender: str = msgspec.field(name="from")
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    received_at: datetime


def mail_folder(data_dir: Path) -> Path:
    return data_dir / "mail"


def port_file(data_dir: Path) -> Path:
    """Where the catcher writes down the port it listens on."""
    return mail_folder(data_dir) / "port"


def read_mails(data_dir: Path) -> list[CaughtMail]:
    """All mails caught so far, newest first."""
    return [
        msgspec.json.decode(path.read_bytes(), type=CaughtMail)
        for path in sorted(mail_folder(data_dir).glob("[!.]*.json"), reverse=True)
    ]


def mail_from(raw: bytes, recipients: list[str]) -> CaughtMail:
    """What a person or a test wants to know of a mail; ids sort by arrival."""
    message = message_from_bytes(raw, policy=policy.default)
    now = machine_now()
    headers: dict[str, str] = {}
    for name, value in message.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else str(value)
    return CaughtMail(
        id=f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}",
        to=recipients,
        sender=_bare_address(message),
        subject=str(message["subject"] or "").strip(),
        text=_body(message, "plain"),
        html=_with_pictures(message, _body(message, "html")),
        headers=headers,
        received_at=now,
    )


class Catcher:
    """aiosmtpd's handler: stores each mail, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        raw = envelope.content
        if not isinstance(raw, bytes):
            return "451 no content"
        mail = mail_from(raw, [str(recipient) for recipient in envelope.rcpt_tos])
        await asyncio.to_thread(self._store, mail)
        return f"250 kept as {mail.id}"

    def _store(self, mail: CaughtMail) -> None:
        draft = self._folder / f".{mail.id}.json"
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(mail))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / f"{mail.id}.json")
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


async def start_catcher(data_dir: Path) -> asyncio.Server:
    """Listen on 127.0.0.1, on the port of last time where it is free, and write the port down."""
    from aiosmtpd import smtp

    folder = mail_folder(data_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def protocol() -> SMTP:
        return smtp.SMTP(
            Catcher(folder),
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            hostname=NAME,
            loop=loop,
        )

    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(protocol, "127.0.0.1", _last_port(data_dir))
    except OSError:
        server = await loop.create_server(protocol, "127.0.0.1", 0)
    draft = folder / ".port"
    draft.write_text(str(server.sockets[0].getsockname()[1]), encoding="ascii")
    draft.replace(port_file(data_dir))
    return server


def _last_port(data_dir: Path) -> int:
    try:
        return int(port_file(data_dir).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _bare_address(message: EmailMessage) -> str:
    header = message["from"]
    if isinstance(header, AddressHeader) and header.addresses:
        return header.addresses[0].addr_spec
    return str(header or "")


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _with_pictures(message: EmailMessage, html: str) -> str:
    """The pictures that the mail carries, where it shows them: what is kept of it is text."""
    for part in message.walk():
        name, content = str(part["Content-ID"] or "").strip("<>"), part.get_payload(decode=True)
        if name and isinstance(content, bytes):
            packed = base64.b64encode(content).decode()
            html = html.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{packed}")
    return html


async def _run(data_dir: Path) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ending.set)
    loop.set_exception_handler(_without_lost_connections)
    server = await start_catcher(data_dir)
    await ending.wait()
    server.close()
    last_signal_taken()


def _without_lost_connections(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A client that goes away in the middle of a session is no fault of the catcher."""
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(context)


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1])))
