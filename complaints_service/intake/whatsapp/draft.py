"""What a chat remembers between two messages: the collected words and what was offered last. Personal; only in ``whatsapp_chat``."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

# Bounds of ``description`` in API.md.
SHORTEST = 10
LONGEST = 5_000


class Step(StrEnum):
    """Where the conversation stands."""

    START = "start"
    DRAFTING = "drafting"
    REWRITING = "rewriting"
    FILING = "filing"


class Part(msgspec.Struct, frozen=True):
    """One message of the draft, at the gateway's time (UTC)."""

    at: datetime
    text: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The draft. ``confirmed_at``: when the person said "kirim"; ``offered``: ids of the choices a digit may stand for."""

    parts: tuple[Part, ...] = ()
    confirmed_at: datetime | None = None
    offered: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The complaint's description as it will be filed, at most LONGEST characters by ``fits``."""
        return "\n".join(part.text for part in self.parts)

    @property
    def long_enough(self) -> bool:
        """Whether it can be filed at all."""
        return len(self.text.strip()) >= SHORTEST

    def fits(self, part: Part) -> bool:
        """Whether the part can be added without going over LONGEST characters."""
        return len(self.text) + 1 + len(part.text) <= LONGEST

    def adding(self, part: Part) -> Draft:
        """With one more part, in the order in which they were written: gateways deliver in any order."""
        parts = sorted((*self.parts, part), key=lambda each: each.at)
        return msgspec.structs.replace(self, parts=tuple(parts))

    def all_before(self, at: datetime | None) -> bool:
        """Whether every part was written before this instant."""
        return at is not None and all(part.at < at for part in self.parts)


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``whatsapp_chat`` as the conversation sees it. ``draft_key`` names the draft: it is filed once under this key."""

    step: Step = Step.START
    draft: Draft = Draft()
    draft_key: bytes | None = None
    language: str = "id"


def draft_to_text(draft: Draft) -> str:
    """As stored: JSON; whoever writes the summary reads its ``parts``."""
    return msgspec.json.encode(draft).decode()


def draft_from_text(stored: str) -> Draft:
    """Read what ``draft_to_text`` wrote; the empty object is an empty draft."""
    return msgspec.json.decode(stored, type=Draft)
