"""How long it takes from a kill to the first success that needs the killed part."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections import Counter

import httpx

from tests.faults.service import PLAIN, WEB
from tests.faults.soak.parts import CUT, Broken
from tests.faults.soak.plan import Deed

# An answer that was under way when the part was killed needs it no more.
_BEGIN_AFTER = 0.05
_LOOK_EVERY = 0.1
_WAIT_AT_MOST = 180.0
# Asked for as citizens do, through web.
_THROUGH_WEB = frozenset({Deed.KILL_POSTGRES, Deed.KILL_BACKEND})


class Recovery:
    """``seconds`` by part. A part that is killed again before it was back is waited for anew; ``again`` counts these."""

    def __init__(self, service: Broken) -> None:
        self._service = service
        self._waiting: dict[tuple[Deed, int], asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.seconds: dict[str, list[float]] = {}
        self.again: Counter[str] = Counter()
        self.never: list[str] = []
        self._http = httpx.AsyncClient(base_url=service.address, timeout=5, verify=PLAIN)

    def killed(self, deed: Deed, place: int) -> None:
        """Begin to wait for the part (of the workers: the one in that place) to work again."""
        key = _key(deed, place)
        before = self._waiting.get(key)
        if before is not None and not before.done():
            self.again[_part(deed)] += 1
        task = self._waiting[key] = asyncio.create_task(self._until_back(deed, place))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def all_back(self) -> None:
        """Wait for what is still being waited for."""
        await asyncio.gather(*self._tasks)

    async def _until_back(self, deed: Deed, place: int) -> None:
        began, web = time.monotonic(), self._service.pid_of(WEB)
        await asyncio.sleep(_BEGIN_AFTER)
        part = _part(deed)
        while time.monotonic() - began < _WAIT_AT_MOST:
            works = await self._works(deed, place)
            if self._waiting[_key(deed, place)] is not asyncio.current_task():
                return  # killed again: what libraries make of a cancellation is not to be relied on
            if works:
                seconds = time.monotonic() - began
                if deed in _THROUGH_WEB and self._service.pid_of(WEB) != web:
                    part += ", web killed too"
                self.seconds.setdefault(part, []).append(seconds)
                return
            await asyncio.sleep(_LOOK_EVERY)
        self.never.append(part)

    async def _works(self, deed: Deed, place: int) -> bool:
        with contextlib.suppress(httpx.TransportError, *CUT):
            match deed:
                case Deed.KILL_WEB:
                    return (await self._http.get("/health/live")).status_code == 200
                case Deed.KILL_POSTGRES | Deed.KILL_BACKEND:
                    return (await self._http.get("/health/ready")).status_code == 200
                case Deed.KILL_VALKEY:
                    return await self._valkey_keeps()
                case Deed.KILL_WORKER:
                    return await self._has_swept(place)
                case _:
                    raise AssertionError(f"{deed} kills nothing")
        return False

    async def _valkey_keeps(self) -> bool:
        """By the bare protocol: the client's own tries again would be measured, too."""
        async with asyncio.timeout(1):
            socket = self._service.urls()[1].removeprefix("unix://")
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(b"SET soak 1 EX 60\r\n")
                return await reader.readline() == b"+OK\r\n"
            finally:
                writer.close()

    async def _has_swept(self, place: int) -> bool:
        """A worker stands in the place again and has looked for what is due."""
        now = self._service.worker(place)
        if now is None:
            return False
        return await self._service.ask(
            "SELECT EXISTS (SELECT 1 FROM heartbeat WHERE name LIKE 'worker@%:' || $1 AND swept_at IS NOT NULL)",
            str(now.pid),
        )

    def figures(self) -> dict[str, dict[str, float]]:
        """Median and worst of each part."""
        return {
            part: {
                "times": len(all_),
                "killed_again": self.again[part],
                "median": round(statistics.median(all_), 2),
                "worst": round(max(all_), 2),
            }
            for part, all_ in sorted(self.seconds.items())
        }


def _part(deed: Deed) -> str:
    return deed.value.removeprefix("kill ")


def _key(deed: Deed, place: int) -> tuple[Deed, int]:
    """What is waited for once: each worker, and each other part."""
    return deed, place if deed is Deed.KILL_WORKER else 0
