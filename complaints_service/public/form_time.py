"""When a form was made, signed, among its fields: who sends sooner than a person can read is asked to send once more."""

from __future__ import annotations

import hmac
from datetime import datetime

from complaints_service.keys import Keys

MADE = "made"
_PURPOSE = "form-made"
_SIGNATURE = 24


def made_now(keys: Keys, now: datetime) -> str:
    """The field's value: seconds of machine time and their signature; it says nothing of the person."""
    seconds = int(now.timestamp())
    return f"{seconds}.{_signed(keys, seconds)}"


def seconds_since(value: str, keys: Keys, now: datetime) -> float:
    """Seconds since the form was made; 0 when nothing of ours says so."""
    text, _, signature = value.partition(".")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        return 0.0
    if not hmac.compare_digest(signature.encode(), _signed(keys, int(text)).encode()):
        return 0.0
    return max(0.0, now.timestamp() - int(text))


def kept_or_made(value: str, keys: Keys, now: datetime) -> str:
    """The value as it came when it is ours, else that of a form made now."""
    return value if seconds_since(value, keys, now) > 0 else made_now(keys, now)


def _signed(keys: Keys, seconds: int) -> str:
    return keys.digest(_PURPOSE, seconds).hex()[:_SIGNATURE]
