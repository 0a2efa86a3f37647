"""The chain that makes a rewritten log visible (D10): each event's hash covers the one before it and the bytes that are stored.

Personal words stand in erasable tables; the chain holds only their salted digest, so that erasure leaves it whole.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encoder = msgspec.json.Encoder(order="deterministic")


def body_text(body: dict[str, object]) -> str:
    """JSON of an event's body with sorted keys: exactly what is stored and hashed."""
    return _encoder.encode(body).decode()


def event_hash(
    previous: bytes, seq: int, at: datetime, event_type: str, actor: str, body: str, content_digest: bytes | None
) -> bytes:
    """SHA-256 over the previous hash (for seq 1: the ticket's random seed) and every stored field of the event.

    Each variable part is hashed with its length in front, so that no two different events give the same bytes.
    """
    mac = hashlib.sha256(previous)
    mac.update(seq.to_bytes(4, "big"))
    mac.update(((at - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True))
    for part in (event_type.encode(), actor.encode(), body.encode(), content_digest or b""):
        mac.update(len(part).to_bytes(4, "big"))
        mac.update(part)
    return mac.digest()


def content_digest(salt: bytes, *parts: str | None) -> bytes:
    """SHA-256 of the salt and the words; None and the empty text differ."""
    return hashlib.sha256(salt + _encoder.encode(parts)).digest()


def joint_digest(*digests: bytes) -> bytes:
    """One digest for an event that has words in two tables (a filing: complaint and reporter)."""
    return hashlib.sha256(b"".join(digests)).digest()
