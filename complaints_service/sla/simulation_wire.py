"""What the processes of a simulation say to one another: frames of MessagePack, each behind its length in four bytes."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TypeVar

import msgspec

from complaints_service.sla.simulation_count import Tally

T = TypeVar("T")
LARGEST_FRAME = 512 * 1024 * 1024


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The first frame to a process: where to read, which snapshot, what to play (JSON texts of documents, or numbers of versions)."""

    url: str
    statement_cache: int
    snapshot: str
    office_id: int
    until: datetime
    policy: str | None
    policy_version: int | None
    calendar: str | None
    calendar_version: int | None
    control_every: int


class Portion(msgspec.Struct, frozen=True):
    """Every further frame: ids of tickets to play; none: that was all, send the tally."""

    ids: list[int]


class Done(msgspec.Struct, frozen=True):
    """What comes back for a portion: how many tickets; with the last one the whole tally."""

    tickets: int
    tally: Tally | None = None


def framed(value: object) -> bytes:
    """A value as a frame."""
    body = msgspec.msgpack.encode(value)
    return len(body).to_bytes(4, "big") + body


async def read_frame(reader: asyncio.StreamReader, kind: type[T]) -> T:
    """The next frame. Raises IncompleteReadError when the other side has gone, ValueError for a frame that cannot be."""
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > LARGEST_FRAME:
        raise ValueError("too large a frame")
    return msgspec.msgpack.decode(await reader.readexactly(size), type=kind)
