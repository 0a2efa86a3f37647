"""Kiosk devices and what they send, as values; the rules about time need no I/O."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

MOST_ITEMS = 200
OLDEST = timedelta(days=7)
# A queue that is sent at once may come from a clock that is a little ahead; beyond this somebody should set the clock.
TOLERATED_AHEAD = timedelta(minutes=5)
# Less than this between filling in and arriving, or between two clocks, is nothing to tell anybody.
WORTH_TELLING = timedelta(minutes=1)


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A kiosk that may file. Times are machine time, UTC; the token is stored hashed and shown once."""

    office_id: int
    id: int
    name: str
    created_at: datetime
    revoked_at: datetime | None
    seen_at: datetime | None
    px_per_mm: float | None = None
    """How many CSS pixels of its screen make a millimetre; None: what CSS takes for one."""


class Filing(msgspec.Struct, frozen=True):
    """When a kiosk's complaint counts as received: ``at`` None means now; ``corrected``: its own time could not be believed.

    ``why`` says to the office how the time came about (``tickets.model.StatedTime``); empty when it is simply now.
    """

    at: datetime | None
    corrected: bool
    clock_wrong: bool = False
    why: str = ""


def believed(filed_at: datetime | None, now: datetime) -> Filing:
    """Received when filed, unless that is in the future or more than 7 days back (EXPERIENCE.md, "Kiosk")."""
    if filed_at is None:
        return Filing(None, corrected=False)
    if filed_at > now:
        return Filing(None, corrected=True, clock_wrong=filed_at > now + TOLERATED_AHEAD, why="future")
    if filed_at < now - OLDEST:
        return Filing(None, corrected=True, why="old")
    return Filing(filed_at.astimezone(UTC), corrected=False, why="kept" if filed_at < now - WORTH_TELLING else "")


def set_right(filed_at: datetime, sent_at: datetime, now: datetime) -> Filing:
    """As ``believed``, for a device that says at sending what its clock shows: a clock that goes wrong is as wrong at both moments."""
    skew = now - sent_at
    if abs(skew) <= WORTH_TELLING:
        return believed(min(filed_at, now) if filed_at <= now + WORTH_TELLING else filed_at, now)
    filing = believed(filed_at + skew, now)
    wrong = abs(skew) > TOLERATED_AHEAD or filing.clock_wrong
    return Filing(filing.at, corrected=True, clock_wrong=wrong, why=filing.why if filing.corrected else "clock")
