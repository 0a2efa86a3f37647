"""Signs of life of web and worker processes in PostgreSQL, and the alarm when the other kind falls silent.

A dead man's switch that works without Valkey: web watches the workers, workers watch web (RELIABILITY.md, rule 8).
All of it is machine time.
"""

from __future__ import annotations

import asyncio
import os
import socket
from enum import StrEnum
from typing import TYPE_CHECKING

import asyncpg
import structlog

from complaints_service.clock import monotonic
from complaints_service.database import UNAVAILABLE, queries

if TYPE_CHECKING:
    from complaints_service.database import Database

log = structlog.get_logger(__name__)

BEAT_SECONDS = 5.0
MISSED_BEATS = 4
SILENT_SECONDS = MISSED_BEATS * BEAT_SECONDS
_PATIENCE = 2.0


class ProcessKind(StrEnum):
    """The two kinds of process that look after each other."""

    WEB = "web"
    WORKER = "worker"

    @property
    def other(self) -> ProcessKind:
        """The kind that this one watches."""
        return ProcessKind.WORKER if self is ProcessKind.WEB else ProcessKind.WEB


def process_name(kind: ProcessKind) -> str:
    """A name that is this process's own: ``worker@host:4711``."""
    return f"{kind}@{socket.gethostname()}:{os.getpid()}"


class Heartbeat:
    """The row of one process. ``name`` must be its own (``process_name``); the other kind is silent after four beats."""

    def __init__(self, database: Database, name: str, kind: ProcessKind, beat_seconds: float = BEAT_SECONDS) -> None:
        self._database = database
        self._name = name
        self._kind = kind
        self._beat_seconds = beat_seconds
        self._since = monotonic()
        self._silence_told = False

    async def beat(self, *, swept: bool = False) -> None:
        """Say that this process lives; ``swept``: and that it has just looked for everything that is due."""
        async with self._database.connection() as connection:
            await queries("health").beat(connection, name=self._name, kind=self._kind.value, swept=swept)

    async def end(self) -> None:
        """Take the row away: the process ends on purpose."""
        async with self._database.connection() as connection:
            await queries("health").last_beat(connection, name=self._name)

    async def watch(self) -> bool:
        """Look whether any process of the other kind lives; raises the alarm ``<kind>_stalled`` or clears it.

        One that was never seen counts as silent since this process began. Returns False while the other kind is silent.
        """
        watched = self._kind.other
        async with self._database.connection() as connection:
            seen: float | None = await queries("health").silence(connection, kind=watched.value)
            silent = (monotonic() - self._since if seen is None else seen) > MISSED_BEATS * self._beat_seconds
            key = f"{watched}_stalled"
            if silent:
                if not self._silence_told:  # once for each silence, not every five seconds
                    log.error("no_sign_of_life", kind=watched.value)
                await queries("health").raise_alarm(connection, key=key, what=key)
            elif seen is not None:
                await queries("health").clear_alarm(connection, key=key)
        self._silence_told = silent
        return not silent

    async def run(self) -> None:
        """Beat and watch every few seconds until cancelled; a database that is away for a while ends nothing."""
        while True:
            try:
                async with asyncio.timeout(max(self._beat_seconds, _PATIENCE)):
                    await self.beat()
                    await self.watch()
            except (*UNAVAILABLE, asyncpg.PostgresError) as error:
                log.warning("heartbeat_missed", kind=self._kind.value, error=type(error).__name__)
            await asyncio.sleep(self._beat_seconds)
