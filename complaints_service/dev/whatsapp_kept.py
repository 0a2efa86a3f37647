"""What went through the development gateway, kept under DATA_DIR/whatsapp so that it survives the death of any process."""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from complaints_service.clock import machine_now

MOST_KEPT = 2_000


class Direction(StrEnum):
    """Seen from the service."""

    SENT = "sent"
    RECEIVED = "received"


class ShownButton(msgspec.Struct, frozen=True):
    """A reply button as a phone shows it."""

    id: str
    title: str


class KeptMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message; ``number`` is the person's, ``payload`` what really went over the wire, times are the machine's (UTC)."""

    id: str
    direction: Direction
    gateway: str
    number: str
    text: str
    buttons: tuple[ShownButton, ...] = ()
    at: datetime
    gateway_id: str | None = None
    payload: object = None


class KeptMessages:
    """The folder of one installation."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "whatsapp"

    def keep(
        self,
        direction: Direction,
        gateway: str,
        number: str,
        text: str,
        buttons: tuple[ShownButton, ...] = (),
        *,
        gateway_id: str | None = None,
        payload: object = None,
    ) -> KeptMessage:
        """Write one down, on disk before this returns; the oldest beyond MOST_KEPT go. Raises OSError."""
        at = machine_now()
        message = KeptMessage(
            id=f"{at:%Y%m%d%H%M%S%f}-{secrets.token_hex(8)}",
            direction=direction,
            gateway=gateway,
            number=number,
            text=text,
            buttons=buttons,
            at=at,
            gateway_id=gateway_id,
            payload=payload,
        )
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._folder / f".{message.id}"
        with draft.open("xb") as file:
            file.write(msgspec.json.encode(message))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._folder / f"{message.id}.json")
        for old in self._files()[MOST_KEPT:]:
            old.unlink(missing_ok=True)
        return message

    def newest_first(self, direction: Direction | None = None, number: str | None = None) -> list[KeptMessage]:
        """All kept messages, or those of a direction or a person."""
        kept = (msgspec.json.decode(path.read_bytes(), type=KeptMessage) for path in self._files())
        return [
            message for message in kept if direction in (None, message.direction) and number in (None, message.number)
        ]

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"), reverse=True)
