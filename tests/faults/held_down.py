"""Parts that cannot get up for a while, however often they are started. Ten minutes: ``python -m tests.faults.held_down``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import redis.asyncio
from redis.exceptions import RedisError

from complaints_service.queue import QUEUE_NAME
from tests.faults.service import POSTGRES, VALKEY, FaultyService, eventually
from tests.faults.soak.parts import CUT, Broken

_LOOK = 0.05
FIRED = (
    "SELECT count(*) FROM ticket_event AS e JOIN ticket AS t ON t.office_id = e.office_id AND t.id = e.ticket_id"
    " WHERE t.number = $1 AND e.type = 'rung_fired' AND e.body::json ->> 'rung' = 'verify-due'"
)


@asynccontextmanager
async def held_down(service: FaultyService, *parts: str) -> AsyncIterator[Counter[str]]:
    """Until the end of the block every process of these parts is killed as soon as it is seen; gives how many were."""
    killed: Counter[str] = Counter()

    async def hold() -> None:
        while True:
            for pid, line in service.members().items():
                part = next((part for part in parts if part in line), None)
                if part is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed[part] += 1
            await asyncio.sleep(_LOOK)

    holding = asyncio.create_task(hold())
    try:
        yield killed
    finally:
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)


def a_complaint() -> dict[str, object]:
    reader = f"{uuid.uuid4().hex}@example.org"
    return {
        "description": "Paspor saya belum jadi sejak lama.",
        "service": "paspor-baru",
        "reporter": {"email": reader},
    }


async def before_a_breach(service: FaultyService, seconds: float) -> str:
    """A case that nobody verifies, and the office's clock so many seconds before that is late; its number."""
    answer = await service.post("/api/v1/complaints", a_complaint(), str(uuid.uuid4()))
    assert answer.status_code == 201, answer.text
    due = next(d["due_at"] for d in answer.json()["deadlines"] if d["target"] == "verify")
    await service.move_clock_to((datetime.fromisoformat(due) - timedelta(seconds=seconds)).isoformat())
    return answer.json()["number"]


async def ten_minutes(folder: Path, seconds: float) -> dict[str, object]:
    """PostgreSQL and Valkey held down with the service's own settings: what people were told, and how soon all is back."""
    service = Broken(folder / "var")
    await asyncio.to_thread(service.start)
    try:
        number = await before_a_breach(service, seconds / 2)
        met: Counter[str] = Counter()
        slowest = 0.0
        async with held_down(service, POSTGRES, VALKEY) as killed:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                began = time.monotonic()
                answer = await service.post("/api/v1/complaints", a_complaint(), str(uuid.uuid4()))
                slowest = max(slowest, time.monotonic() - began)
                met[f"{answer.status_code}{' with Retry-After' if 'retry-after' in answer.headers else ''}"] += 1
                await asyncio.sleep(0.5)
        back = await _recovery(service, number)
        return {
            "seconds": seconds,
            "killed while getting up": dict(killed),
            "answers": dict(met),
            "slowest answer": round(slowest, 2),
            "seconds until": back,
            "rungs of the breach": await service.ask(FIRED, number),
            "audit": await service.audit(),
        }
    finally:
        await asyncio.to_thread(service.stop)


async def _recovery(service: FaultyService, number: str) -> dict[str, float]:
    """Seconds from now until each thing works again, all watched side by side."""
    began = time.monotonic()

    async def filed() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return (await service.post("/api/v1/complaints", a_complaint(), str(uuid.uuid4()))).status_code == 201
        return False

    async def fired() -> bool:
        with contextlib.suppress(*CUT):
            return await service.ask(FIRED, number) > 0
        return False

    async def heard() -> bool:
        with contextlib.suppress(RedisError, OSError):
            async with redis.asyncio.Redis.from_url(service.urls()[1], socket_timeout=2) as valkey:
                # A worker listens to its queue again: the key of its health is there for as long as arq runs.
                return bool(await valkey.exists(f"{QUEUE_NAME}:health-check"))
        return False

    async def until(holds: Callable[[], Awaitable[bool]]) -> float:
        assert await eventually(holds), holds.__name__
        return round(time.monotonic() - began, 1)

    names = {"a complaint is taken": filed, "the breach has fired": fired, "a worker listens to Valkey": heard}
    return dict(zip(names, await asyncio.gather(*map(until, names.values())), strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description="PostgreSQL and Valkey away for ten minutes, over a breach.")
    parser.add_argument("--seconds", type=float, default=600)
    told = asyncio.run(ten_minutes(Path(tempfile.mkdtemp(prefix="outage-")), parser.parse_args().seconds))
    print(msgspec.json.format(msgspec.json.encode(told)).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
