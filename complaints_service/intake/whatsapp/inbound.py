"""What a gateway can tell us, as values, whatever its wire format."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Provider(StrEnum):
    """The two gateways; an address of one means nothing to the other."""

    CLOUD = "cloud"
    GOWA = "gowa"


class InboundKind(StrEnum):
    """What a person sent, as far as the conversation cares."""

    TEXT = "text"
    CHOICE = "choice"
    LOCATION = "location"
    FILE = "file"
    VOICE = "voice"
    STICKER = "sticker"
    REACTION = "reaction"
    OTHER = "other"


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a person. ``at`` is the gateway's time (UTC) and only orders messages; ``choice`` is a button's id."""

    provider: Provider
    message_id: str
    address: str
    at: datetime
    kind: InboundKind
    text: str = ""
    choice: str | None = None
    profile_name: str | None = None
    reply_to: str | None = None


class Delivered(StrEnum):
    """What became of a message of ours."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway's word about a message of ours, by the id it gave it."""

    provider_id: str
    state: Delivered
    error_code: int | None = None


class Ignored(msgspec.Struct, frozen=True):
    """Something that is none of our business: groups, newsletters, our own echoes, other fields of the subscription."""

    reason: str


class SetAside(msgspec.Struct, frozen=True):
    """Something that looks like a message and cannot be read; ``mark`` tells the same one again when it is delivered again."""

    mark: str
    reason: str


Item = Inbound | Status | Ignored | SetAside
