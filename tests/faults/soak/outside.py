"""What arrived outside: mails at the catcher, messages at the gateway, webhooks at their receiver. Kept apart from the service."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from complaints_service.dev.mail_catcher import CaughtMail, mail_folder
from complaints_service.dev.whatsapp_kept import Direction, KeptMessage
from tests.service.webhook_receiver import Receiver, receiver_at

_NUMBER = re.compile(r"\bLT-\d{4}-\d{6,}\b")
# The gateway forgets the oldest beyond 2,000: we have read them long before.
LOOK_EVERY = 0.5


class Mail(msgspec.Struct, frozen=True):
    """What the judge needs of a mail."""

    to: str
    subject: str
    text: str
    message_id: str


class Outside:
    """``numbers``: the ticket numbers that were told to a telephone, the first one first."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._seen: set[str] = set()
        self.numbers: dict[str, list[str]] = {}
        self.chat_messages = 0
        self.receiver = Receiver()
        self.port = 0

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        async with receiver_at(self.receiver) as port:
            self.port = port
            looking = asyncio.create_task(self._look())
            try:
                yield
            finally:
                looking.cancel()

    async def _look(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY)

    def look(self) -> None:
        """Read the messages that are new at the gateway."""
        folder = self._data_dir / "whatsapp"
        names = {e.name for e in os.scandir(folder) if e.name.endswith(".json")} if folder.is_dir() else set[str]()
        for name in sorted(names - self._seen):
            self._seen.add(name)
            message = msgspec.json.decode((folder / name).read_bytes(), type=KeptMessage)
            if message.direction is Direction.SENT:
                self.chat_messages += 1
                self.numbers.setdefault(message.number, []).extend(_NUMBER.findall(message.text))

    def mails(self) -> list[Mail]:
        """All that the catcher holds; thousands, so read once."""
        found: list[Mail] = []
        for path in mail_folder(self._data_dir).glob("[!.]*.json"):
            mail = msgspec.json.decode(path.read_bytes(), type=CaughtMail)
            found += [Mail(to, mail.subject, mail.text, mail.headers["Message-ID"]) for to in mail.to]
        return found

    def webhooks(self) -> Counter[str]:
        """Copies of each message, by its id."""
        return Counter(came.id for came in self.receiver.came)

    def announced(self) -> dict[str, set[str]]:
        """The ids of the messages that announced each new ticket, by its number."""
        found: dict[str, set[str]] = {}
        for came in self.receiver.came:
            if came.said["type"] == "complaint.received":
                found.setdefault(str(came.data["number"]), set()).add(came.id)
        return found
