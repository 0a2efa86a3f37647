"""Who sent this webhook: HMAC-SHA256 over the raw body, the same header from both gateways."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "X-Hub-Signature-256"
_PREFIX = "sha256="


def sign(secret: str, body: bytes) -> str:
    """The header's value for a body: ``sha256=<hex>``."""
    return _PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed_by(secret: str, body: bytes, header: str | None) -> bool:
    """Whether the header belongs to exactly these bytes; compared in constant time, and False for a missing or broken one."""
    given = (header or "").strip().lower().encode("utf-8", "replace")
    return hmac.compare_digest(given, sign(secret, body).encode())


def same_token(expected: str | None, given: str | None) -> bool:
    """Whether a given token is the expected one, in constant time; never when none is expected."""
    return bool(expected) and hmac.compare_digest((expected or "").encode(), (given or "").encode("utf-8", "replace"))
