"""The state of each way out in this process: a broken or throttled way rests, so that one outage costs one try and not thousands."""

from __future__ import annotations

import msgspec

from complaints_service.clock import monotonic
from complaints_service.notifications.kinds import Way


class _State(msgspec.Struct):
    failures: int = 0
    proved: bool = False
    rests_until: float = 0.0


class Ways:
    """Machine time; forgotten when the process ends."""

    def __init__(self) -> None:
        self._states = {way.value: _State() for way in Way}

    def open(self) -> list[str]:
        """Ways that may be tried now."""
        now = monotonic()
        return [way for way, state in self._states.items() if now >= state.rests_until]

    def shortest_rest(self) -> float | None:
        """Machine seconds until a resting way may be tried again; None when none rests."""
        now = monotonic()
        rests = [state.rests_until - now for state in self._states.values() if state.rests_until > now]
        return min(rests, default=None)

    def failed(self, way: str, seconds: float) -> None:
        """The way rests for so long."""
        state = self._states[way]
        state.failures += 1
        state.rests_until = monotonic() + seconds

    def failures(self, way: str) -> int:
        """Failures in a row."""
        return self._states[way].failures

    def worked(self, way: str) -> bool:
        """The way is whole; True when that is news: after a failure, or for the first time in this process."""
        state = self._states[way]
        news = not state.proved or state.failures > 0
        state.proved, state.failures, state.rests_until = True, 0, 0.0
        return news
