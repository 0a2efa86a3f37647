"""Moving office time forward in development (D12): web, workers and SQL all see it, because it is a row."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from complaints_service.clock import OfficeClock
from complaints_service.database import Database, Scope, queries
from complaints_service.errors import FieldProblem, Invalid, Refused
from complaints_service.waker import Waker

_SPAN = re.compile(r"(?=\d)(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,8})s)?", re.ASCII)
# Calendars and holidays reach no further.
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class ClockMove(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Exactly one of: ``advance`` by a span such as ``3d4h5m6s``, or ``set`` to an instant with its zone."""

    advance: str | None = None
    set: datetime | None = None


class ClockReading(msgspec.Struct, frozen=True):
    """Office time (UTC) and how far it is ahead of the machine's."""

    now: datetime
    offset_seconds: float


def span(text: str) -> timedelta:
    """``3d4h5m6s``, any part may be missing but the order stays. Raises Invalid."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise Invalid([FieldProblem("/advance", "form", "Write a span such as 3d4h5m6s; any part may be missing.")])
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


class MovableClock:
    """Reads and moves the shift of office time."""

    def __init__(self, database: Database, clock: OfficeClock, waker: Waker) -> None:
        self._database = database
        self._clock = clock
        self._waker = waker

    async def read(self) -> ClockReading:
        """Office time now."""
        async with self._database.connection() as connection:
            row = await queries("dev").read_clock(connection)
        return ClockReading(row["now"], row["shift"].total_seconds())

    async def move(self, move: ClockMove) -> ClockReading:
        """Move office time forward and let the workers look for what has become due.

        The move is kept as an outage in ``clock_move``. Raises Invalid, and Refused (409 ``clock_backward``) for an instant
        that is already past.
        """
        if (move.advance is None) == (move.set is None):
            raise Invalid([FieldProblem("/advance", "one_of", "Give either advance or set.")])
        by = None if move.advance is None else span(move.advance)
        if move.set is not None and move.set.tzinfo is None:
            raise Invalid(
                [FieldProblem("/set", "form", "Write an instant with its zone, such as 2026-12-24T02:00:00Z.")]
            )
        async with self._database.transaction(Scope.system()) as connection:
            row = await queries("dev").lock_clock(connection)
            before, shift = row["now"], row["shift"]
            by = by if by is not None else _until(move.set, before)
            if by < timedelta(0):
                raise Refused("Office time only moves forward.", code="clock_backward")
            if before + by > LATEST:
                raise Invalid([FieldProblem("/advance", "too_far", "Office time ends with the year 2099.")])
            now = await queries("dev").move_clock(connection, shift=shift + by, before=before, after=before + by)
        self._clock.set(now)
        self._waker.wake()
        return ClockReading(now, (shift + by).total_seconds())


def _until(instant: datetime | None, now: datetime) -> timedelta:
    return timedelta(0) if instant is None else instant - now
