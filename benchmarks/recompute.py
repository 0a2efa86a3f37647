"""A calendar changes under many open tickets: seconds until each has its new dates, what filing is like meanwhile, and how long the
question before it ("what would it do?") takes.

.venv/bin/python -m benchmarks.recompute [--tickets 100000] [--workers 2] [--filers 2]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import shutil
import tempfile
import time
import uuid
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import msgspec

from complaints_service.collector import look_seldom
from complaints_service.database import SYSTEM, upgrade
from complaints_service.demo import seed
from complaints_service.demo.bulk import seed_bulk
from complaints_service.embedded import EmbeddedServers
from complaints_service.office.model import Office
from complaints_service.settings import Settings
from complaints_service.sla.effects import effects_of, with_calendar
from complaints_service.sla.recompute_work import start_recompute
from complaints_service.tickets.filed import FilingKey
from complaints_service.tickets.model import Complaint
from complaints_service.wiring import Services, open_services

# The next working days are closed, so that every running promise moves.
CLOSED_DAYS = 5


def corrected(office: Office, today: date) -> str:
    """The office's calendar with the coming days closed, as JSON text."""
    document = msgspec.json.decode(office.latest_calendar().document, type=dict[str, object])
    known = msgspec.convert(document.get("days_off", []), list[str])
    document["days_off"] = [*known, *((today + timedelta(days=n)).isoformat() for n in range(1, CLOSED_DAYS + 3))]
    return msgspec.json.encode(document).decode()


def work(env: dict[str, str]) -> None:
    """A worker process: what is due, until the work is done."""

    async def until_done() -> None:
        services = await open_services(Settings.from_env(env), hints=False)
        look_seldom()
        while True:
            await services.recomputes.work_due()
            if await services.recomputes.next_seconds() is None:
                break
            await asyncio.sleep(0.05)
        await services.close()

    asyncio.run(until_done())


async def file_on(services: Services, took: list[float]) -> None:
    """One citizen after the other."""
    office = await services.offices.current()
    while True:
        complaint = Complaint(description="Paspor saya belum jadi padahal sudah lama menunggu.", service="paspor-baru")
        key = FilingKey("bench", str(uuid.uuid4()), msgspec.json.encode(complaint))
        began = time.perf_counter()
        await services.intake.file_complaint(office, complaint, key)
        took.append(time.perf_counter() - began)


async def measure(
    services: Services, env: dict[str, str], admin: asyncpg.Connection, workers: int, filers: int
) -> None:
    """Ask what it would do, publish, wait until it is done."""
    office = await services.offices.reload(1)
    async with services.database.connection() as connection:
        now = await connection.fetchval("SELECT office_now()")
    services.clock.set(now)
    document = corrected(office, now.date())
    began = time.perf_counter()
    told = await effects_of(services.database, with_calendar(office, document), now, SYSTEM)
    print(
        f"what it would do: {told.looked_at} tickets, {told.earlier + told.later} deadlines move, {told.breached} breached;"
        f" {time.perf_counter() - began:.1f} s"
    )
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=(env,)) for _ in range(workers)]
    took: list[float] = []
    began = time.perf_counter()
    async with admin.transaction():
        version = await admin.fetchval(
            "INSERT INTO calendar (office_id, version, document, confirmed_through, why)"
            " SELECT office_id, version + 1, $1, confirmed_through, 'benchmark' FROM calendar"
            " ORDER BY version DESC LIMIT 1 RETURNING version",
            document,
        )
        await start_recompute(admin, office.id, "calendar", version)
    for process in processes:
        process.start()
    filing = [asyncio.create_task(file_on(services, took)) for _ in range(filers)]
    for process in processes:
        await asyncio.to_thread(process.join)
    seconds = time.perf_counter() - began
    for task in filing:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    row = await admin.fetchrow("SELECT state, total, moved, moved_later, breached FROM recompute")
    took.sort()
    print(f"{dict(row or {})}: {seconds:.1f} s with {workers} worker processes (their start included)")
    if took:
        print(
            f"filing meanwhile: {len(took)} ({len(took) / seconds:.0f}/s), median {took[len(took) // 2] * 1000:.1f} ms,"
            f" p95 {took[len(took) * 95 // 100] * 1000:.1f} ms"
        )
    doubled = await admin.fetchval(
        "SELECT count(*) FROM (SELECT 1 FROM ticket_event WHERE type = 'deadlines_moved' GROUP BY ticket_id HAVING count(*) > 1) AS d"
    )
    print(f"moved more than once: {doubled}")


async def run(tickets: int, workers: int, filers: int) -> None:
    """Servers, an office, its open tickets, and the measuring."""
    root = Path(tempfile.mkdtemp(prefix="complaints-bench-"))
    root.chmod(0o711)
    servers = EmbeddedServers(root / "data")
    await servers.start()
    try:
        env = {
            "COMPLAINTS_DEV": "1",
            "COMPLAINTS_DATA_DIR": str(root / "data"),
            "COMPLAINTS_DATABASE_URL": servers.database_url,
            "COMPLAINTS_SECRET_KEY": "a key for a benchmark that is long enough",
            "COMPLAINTS_LOG_LEVEL": "error",
        }
        settings = Settings.from_env(env)
        await upgrade(servers.admin_url)
        await seed(settings, servers.admin_url, tickets=False)
        await asyncio.to_thread(seed_bulk, servers.admin_url, settings.secret_key, tickets, 0.0)
        services = await open_services(settings, hints=False)
        admin = await asyncpg.connect(servers.admin_url)
        await admin.execute("VACUUM ANALYZE")
        await services.timers.fire_due()
        await measure(services, env, admin, workers, filers)
        await admin.close()
        await services.close()
    finally:
        await servers.stop()
        shutil.rmtree(root, ignore_errors=True)


def main() -> None:
    """Once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--filers", type=int, default=2)
    call = parser.parse_args()
    asyncio.run(run(call.tickets, call.workers, call.filers))


if __name__ == "__main__":
    main()
