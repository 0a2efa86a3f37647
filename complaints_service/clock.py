"""The only place that asks what time it is (D12).

*Office time* is the SQL function ``office_now()``: the database's clock plus the development offset. It decides deadlines,
pauses, the year in a number and every promise to a person. A process keeps an estimate of it (last reading plus the monotonic
clock), good enough to prepare a filing; the database refuses an estimate that is off (see sql/queries/tickets.sql).

*Machine time* is the clock of leases, sessions and back-off; it lives in SQL as ``clock_timestamp()``.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class OfficeClock:
    """An estimate of office time between two readings from the database."""

    __slots__ = ("_at", "_read")

    def __init__(self) -> None:
        self._at = datetime.now(UTC)
        self._read = time.monotonic()

    def set(self, office_time: datetime) -> None:
        """Take a reading of ``office_now()`` that the database has just given (aware, UTC)."""
        self._at = office_time
        self._read = time.monotonic()

    def now(self) -> datetime:
        """Office time as far as this process knows it (aware, UTC, microseconds)."""
        return self._at + timedelta(seconds=time.monotonic() - self._read)


def machine_now() -> datetime:
    """This machine's clock (aware, UTC): only for what never decides about a ticket, such as file dates and cookies."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that only grow, for measuring how long something took."""
    return time.monotonic()
