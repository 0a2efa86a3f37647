"""How many pages one process keeps telling what is new (server-sent events), and how they end with the process."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

MOST_STREAMS = 200


class NoRoom(Exception):
    """This process tells as many pages as it may."""


class StreamRoom:
    """How many streams one process holds at a time."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self._most = most
        self._held = 0
        self.closed = False

    @property
    def full(self) -> bool:
        """Whether the next one has to come later."""
        return self.closed or self._held >= self._most

    def close(self) -> None:
        """The process stops: no more streams, and those that run end within ``POLL_SECONDS``. Safe in a signal handler."""
        self.closed = True

    @contextmanager
    def place(self) -> Generator[None]:
        """Hold one place. Raises NoRoom."""
        if self.full:
            raise NoRoom
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1


# One for all streams of this process.
STREAM_ROOM = StreamRoom()
