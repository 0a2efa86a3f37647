"""Carries out the plan against the running service, and counts what was really hit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter

import httpx
import redis.asyncio
from redis.exceptions import RedisError

from complaints_service.processes import Identity
from tests.faults.soak.model import Told
from tests.faults.soak.parts import Broken
from tests.faults.soak.plan import DEPLOYS, KILLS, OUTAGES, Deed, Fault
from tests.faults.soak.recovery import Recovery

_AGAIN = 0.1
_SIGNALS = dict.fromkeys(DEPLOYS, signal.SIGTERM) | dict.fromkeys(KILLS, signal.SIGKILL)


class Faults:
    """``hit``: what was done, by name. ``between``: good answers to clients between two outages, so that there is something to break."""

    def __init__(self, service: Broken, recovery: Recovery, told: Told, between: int) -> None:
        self._between = between
        self._service = service
        self._recovery = recovery
        self._told = told
        self._told_at_outage = -between
        self.hit: Counter[str] = Counter()

    @property
    def kills(self) -> int:
        return sum(count for deed, count in self.hit.items() if Deed(deed) in KILLS)

    async def carry_out(self, plan: tuple[Fault, ...], longest: float) -> None:
        """Each at its time or as soon after as it can hit something; returns when the last stopped part goes on.

        Outages stand in a row of their own: one that waits for the end of another holds up no kill of a worker. ``longest``: seconds
        after which what is left of the plan is left out.
        """
        began = time.monotonic()
        async with asyncio.TaskGroup() as stopped:
            rows = [[f for f in plan if (f.deed in OUTAGES) is outages] for outages in (False, True)]
            await asyncio.gather(*(self._in_turn(row, began, longest, stopped) for row in rows))

    async def _in_turn(self, row: list[Fault], began: float, longest: float, stopped: asyncio.TaskGroup) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest):
                for fault in row:
                    await asyncio.sleep(max(0.0, fault.at - (time.monotonic() - began)))
                    await self._do(fault, stopped)

    async def _do(self, fault: Fault, stopped: asyncio.TaskGroup) -> None:
        while True:
            if await self._done(fault, stopped):
                self.hit[fault.deed.value] += 1
                return
            await asyncio.sleep(_AGAIN)

    async def _done(self, fault: Fault, stopped: asyncio.TaskGroup) -> bool:
        if fault.deed in OUTAGES and self._told.heard < self._told_at_outage + self._between:
            return False
        match fault.deed:
            case Deed.MOVE_CLOCK:
                return await self._move_clock(fault.seconds)
            case Deed.FLUSH_VALKEY:
                return await self._empty_valkey()
            case _:
                done = await self._signal(fault, stopped)
        if done and fault.deed in OUTAGES:
            self._told_at_outage = self._told.heard
        return done

    async def _signal(self, fault: Fault, stopped: asyncio.TaskGroup) -> bool:
        victim = await self._service.victim(fault.deed, fault.which)
        if victim is None:
            return False
        place = self._service.place_of(victim)  # before it has left it
        if not _strike(victim, _SIGNALS.get(fault.deed, signal.SIGSTOP)):
            return False
        if fault.deed in KILLS:
            self._recovery.killed(fault.deed, place)
        elif fault.deed not in DEPLOYS:
            stopped.create_task(_go_on(victim, fault.seconds))
        return True

    async def _move_clock(self, seconds: float) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return (await self._service.post("/dev/clock", {"advance": f"{int(seconds)}s"})).status_code == 200
        return False

    async def _empty_valkey(self) -> bool:
        with contextlib.suppress(RedisError, OSError):
            async with redis.asyncio.Redis.from_url(self._service.urls()[1], socket_timeout=2) as valkey:
                return bool(await valkey.flushall())
        return False


def _strike(victim: Identity, number: signal.Signals) -> bool:
    """Send a signal to that very process (its id may be another's by now); False when it has gone."""
    if not victim.is_running():
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim.pid, number)
        return True
    return False


async def _go_on(victim: Identity, seconds: float) -> None:
    """A stopped process goes on, unless it was killed meanwhile."""
    await asyncio.sleep(seconds)
    _strike(victim, signal.SIGCONT)
