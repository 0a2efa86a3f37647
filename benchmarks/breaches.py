"""Many promises are broken in one minute: seconds until every rung is written, mails sent, and how the web answers meanwhile.

.venv/bin/python -m benchmarks.breaches [--tickets 10000] [--workers 1 4]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import httpx

from benchmarks.running import ROOT, Service, service
from benchmarks.timers import file_many
from complaints_service.settings import Settings
from complaints_service.wiring import open_services

USUAL_REQUESTS = 100
LONGEST = 300.0


def environment(running: Service) -> dict[str, str]:
    """What a further process beside the service needs."""
    return {
        **os.environ,
        "COMPLAINTS_DEV": "1",
        "COMPLAINTS_DATA_DIR": str(running.folder),
        "COMPLAINTS_LOG_LEVEL": "error",
    }


async def fill(running: Service, tickets: int) -> None:
    """File through the one way in; every ticket has the same promise."""
    services = await open_services(Settings.from_env(environment(running)), hints=False)
    try:
        await file_many(services, tickets)
    finally:
        await services.close()


def further_workers(running: Service, count: int) -> list[subprocess.Popen[bytes]]:
    """Worker processes beside the one that the service has."""
    command = [str(Path(sys.executable).with_name("complaints")), "worker"]
    return [subprocess.Popen(command, cwd=ROOT, env=environment(running)) for _ in range(count)]


class Reader:
    """An officer who loads the queue page again and again; milliseconds of every load."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.took: list[float] = []

    async def load(self) -> None:
        """One page."""
        began = time.perf_counter()
        (await self._client.get("/desk", timeout=60)).raise_for_status()
        self.took.append((time.perf_counter() - began) * 1000)

    def p95(self) -> float:
        """Of all loads so far."""
        return sorted(self.took)[int(len(self.took) * 0.95)] if self.took else 0.0


@contextlib.asynccontextmanager
async def signed_in(base: str) -> AsyncGenerator[httpx.AsyncClient]:
    """The head of office: sees every case."""
    async with httpx.AsyncClient(base_url=base) as client:
        people = (await client.get("/dev/people")).json()
        password = next(person["password"] for person in people if person["username"] == "kepala")
        (await client.post("/api/v1/session", json={"username": "kepala", "password": password})).raise_for_status()
        yield client


async def measure(running: Service, admin: asyncpg.Connection, workers: int) -> None:
    """Break the promises and watch."""
    base = f"http://127.0.0.1:{running.port}"
    async with signed_in(base) as client:
        usual, meanwhile = Reader(client), Reader(client)
        for _ in range(USUAL_REQUESTS):
            await usual.load()
        rungs_before = await admin.fetchval("SELECT count(*) FROM ticket_event WHERE type = 'rung_fired'")
        sent_before = await admin.fetchval("SELECT count(*) FROM outbox WHERE state = 'sent'")
        due_at = await admin.fetchval("SELECT max(due_at) FROM deadline WHERE target = 'verify' AND ended_at IS NULL")
        due = await admin.fetchval("SELECT count(*) FROM sla_timer WHERE state = 'armed' AND due_at <= $1", due_at)
        began = time.perf_counter()
        await client.post("/dev/clock", json={"set": due_at.isoformat()})
        written = sent = 0.0
        while time.perf_counter() - began < LONGEST and not sent:
            await meanwhile.load()
            armed = await admin.fetchval(
                "SELECT count(*) FROM sla_timer WHERE state = 'armed' AND due_at <= $1", due_at
            )
            waiting = await admin.fetchval(
                "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending') AND released_at <= office_now()"
            )
            written = written or (time.perf_counter() - began if not armed else 0.0)
            sent = time.perf_counter() - began if written and not waiting else 0.0
        rungs = await admin.fetchval("SELECT count(*) FROM ticket_event WHERE type = 'rung_fired'") - rungs_before
        mails = await admin.fetchval("SELECT count(*) FROM outbox WHERE state = 'sent'") - sent_before
        people = await admin.fetchval(
            "SELECT count(DISTINCT person_id) FROM outbox WHERE state = 'sent' AND escalation"
        )
    print(
        f"{workers} worker(s): {due} due, {rungs} rungs written after {written:.1f} s, {mails} mails to {people} people sent "
        f"after {sent:.1f} s; queue page p95 usually {usual.p95():.0f} ms, meanwhile {meanwhile.p95():.0f} ms "
        f"({len(meanwhile.took)} loads)",
        flush=True,
    )


async def run(tickets: int, workers: int) -> None:
    """A fresh service, filled, with so many workers."""
    with service() as running:
        await fill(running, tickets)
        more = further_workers(running, workers - 1)
        admin = await asyncpg.connect(running.servers.admin_url)
        try:
            await admin.execute("VACUUM ANALYZE")
            await measure(running, admin, workers)
        finally:
            await admin.close()
            for process in more:
                process.terminate()
            for process in more:
                process.wait(30)


def main() -> None:
    """Once for each number of workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4])
    given = parser.parse_args()
    for workers in given.workers:
        asyncio.run(run(given.tickets, workers))


if __name__ == "__main__":
    main()
