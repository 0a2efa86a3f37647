"""What became of one try to send, as values (rule 4 of RELIABILITY.md). Every transport answers with one of them."""

from __future__ import annotations

import msgspec


class Sent(msgspec.Struct, frozen=True):
    """Taken by the receiver's side; ``provider_id`` is its name for the message."""

    provider_id: str | None = None


class Retry(msgspec.Struct, frozen=True):
    """Not taken, worth another try. ``way_down``: the way itself is broken, not this message; others need not try now."""

    reason: str
    way_down: bool = False
    # Something a person must mend (a password, a certificate): raise an alarm at once.
    needs_person: bool = False


class Throttled(msgspec.Struct, frozen=True):
    """Not taken because we are too fast; the whole way slows down."""

    reason: str


class Uncertain(msgspec.Struct, frozen=True):
    """The message had left when the line went dead: taken or not, nobody knows (RFC 1047)."""

    reason: str


class Dead(msgspec.Struct, frozen=True):
    """Refused for good. ``other_way``: the person may still be reached another way."""

    reason: str
    other_way: bool = False


class Unwanted(msgspec.Struct, frozen=True):
    """The receiver wants it no more (has switched it off, is gone): nobody's failure, so no alarm."""

    reason: str


Outcome = Sent | Retry | Throttled | Uncertain | Dead | Unwanted
