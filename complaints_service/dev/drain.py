"""``POST /dev/workers/drain``: do now what workers would do, until nothing is due and nobody holds a lease."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from complaints_service.clock import monotonic
from complaints_service.database import Database, Scope, queries

LONGEST_SECONDS = 20.0
_PAUSE_SECONDS = 0.1

# One kind of due work; does some or all of it and returns how much.
Work = Callable[[], Awaitable[int]]


class DueWork(msgspec.Struct, frozen=True):
    """What workers do, in the order in which one follows from the other."""

    fire_timers: Work
    close_cycles: Work
    make_digests: Work
    deliver: Work


class Drained(msgspec.Struct, kw_only=True):
    """What this call did itself (workers beside it may have done more), and what was still left when time was up."""

    timers_fired: int
    messages_sent: int
    left: int


class _Left(msgspec.Struct, frozen=True):
    timers: int
    messages: int
    leased: int

    @property
    def all(self) -> int:
        return self.timers + self.messages + self.leased


async def drain(database: Database, work: DueWork) -> Drained:
    """Work until nothing is due or leased, for at most 20 seconds.

    A message whose next try lies in the future, or that can still be undone, is not due.
    """
    done = Drained(timers_fired=0, messages_sent=0, left=0)
    end = monotonic() + LONGEST_SECONDS
    while True:
        fired = await work.fire_timers()
        made = await work.close_cycles() + await work.make_digests()
        sent = await work.deliver()
        done.timers_fired += fired
        done.messages_sent += sent
        left = await _left(database)
        done.left = left.all
        idle = not (fired or made or sent)
        if (idle and left.all == 0) or monotonic() >= end:
            return done
        if idle:
            await asyncio.sleep(_PAUSE_SECONDS)


async def _left(database: Database) -> _Left:
    async with database.transaction(Scope.system()) as connection:
        return msgspec.convert(dict(await queries("dev").left_to_do(connection)), _Left)
