"""Kiosk devices and what they send, as values; the rules about time need no I/O."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

MOST_ITEMS = 200
OLDEST = timedelta(days=7)
# A queue that is sent at once may come from a clock that is a little ahead; beyond this somebody should set the clock.
TOLERATED_AHEAD = timedelta(minutes=5)


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A kiosk that may file. Times are machine time, UTC; the token is stored hashed and shown once."""

    office_id: int
    id: int
    name: str
    created_at: datetime
    revoked_at: datetime | None
    seen_at: datetime | None


class Filing(msgspec.Struct, frozen=True):
    """When a kiosk's complaint counts as received: ``at`` None means now; ``corrected``: its own time could not be believed."""

    at: datetime | None
    corrected: bool
    clock_wrong: bool = False


def believed(filed_at: datetime | None, now: datetime) -> Filing:
    """Received when filed, unless that is in the future or more than 7 days back (EXPERIENCE.md, "Kiosk")."""
    if filed_at is None:
        return Filing(None, corrected=False)
    if filed_at > now:
        return Filing(None, corrected=True, clock_wrong=filed_at > now + TOLERATED_AHEAD)
    if filed_at < now - OLDEST:
        return Filing(None, corrected=True)
    return Filing(filed_at.astimezone(UTC), corrected=False)
