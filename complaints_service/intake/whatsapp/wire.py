"""Careful reading of a gateway's JSON: every step says what it expected, and words come out fit for storing."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import cast

# What a person's own WhatsApp lets through in one message.
LONGEST_TEXT = 65_536
LONGEST_ID = 300
LONGEST_NAME = 100
# Control characters but line feed and tab (PostgreSQL refuses NUL), lone surrogates, and the marks that turn text around.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


class Unreadable(ValueError):
    """The JSON has another shape than the gateway's documents say; the text holds no content of the message."""


def mapping(value: object) -> dict[str, object]:
    """The value as an object. Raises Unreadable."""
    if not isinstance(value, dict):
        raise Unreadable("an object was expected")
    return cast("dict[str, object]", value)


def members(parent: dict[str, object], name: str) -> list[object]:
    """The list of that name, empty when it is missing or null. Raises Unreadable."""
    value = parent.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{name} is not a list")
    return cast("list[object]", value)


def part(parent: dict[str, object], name: str) -> dict[str, object]:
    """The object of that name, empty when it is missing or null. Raises Unreadable."""
    value = parent.get(name)
    return {} if value is None else mapping(value)


def words(parent: dict[str, object], name: str) -> str:
    """The text of that name, fit for storing and at most LONGEST_TEXT characters; "" when missing. Raises Unreadable."""
    value = parent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"{name} is not a text")
    return _UNFIT.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))[:LONGEST_TEXT].strip()


def identifier(parent: dict[str, object], name: str) -> str:
    """The id of that name: it must be there, in one piece and not absurdly long. Raises Unreadable."""
    value = parent.get(name)
    if not isinstance(value, str) or not value or len(value) > LONGEST_ID or _UNFIT.search(value):
        raise Unreadable(f"{name} is missing or unfit")
    return value


def optional_identifier(parent: dict[str, object], name: str) -> str | None:
    """As ``identifier``, or None when it is missing, null or empty."""
    return identifier(parent, name) if parent.get(name) else None


def name_of(parent: dict[str, object], name: str) -> str | None:
    """A person's name in one line of at most LONGEST_NAME characters, None when there is none. Raises Unreadable."""
    return " ".join(words(parent, name).split())[:LONGEST_NAME] or None


def instant(value: object) -> datetime:
    """Seconds since 1970 (number or digits) or RFC 3339, as UTC. Raises Unreadable."""
    try:
        if isinstance(value, (int, float)) or (isinstance(value, str) and value.isascii() and value.isdigit()):
            return datetime.fromtimestamp(float(value), UTC)
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Unreadable("the timestamp cannot be read") from error
    raise Unreadable("the timestamp is missing")


def place(location: dict[str, object], latitude: str, longitude: str) -> str:
    """A location in one line: its name and address, and its coordinates."""
    named = [words(location, key) for key in ("name", "address")]
    return "📍 " + ", ".join([*filter(None, named), _number(location, latitude), _number(location, longitude)])


def _number(parent: dict[str, object], name: str) -> str:
    value = parent.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unreadable(f"{name} is not a number")
    return f"{value:.6f}".rstrip("0").rstrip(".")
