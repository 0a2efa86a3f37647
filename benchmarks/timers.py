"""10,000 tickets breach at once: seconds until every rung is written by one worker, and until the immediate mails are sent.

.venv/bin/python -m benchmarks.timers [--tickets 10000]
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from pathlib import Path

import asyncpg
from aiosmtpd.controller import Controller

from benchmarks.running import free_port
from complaints_service.collector import look_seldom
from complaints_service.database import SYSTEM, upgrade
from complaints_service.demo import seed
from complaints_service.embedded import EmbeddedServers
from complaints_service.settings import Settings
from complaints_service.wiring import Services, open_services


async def file_many(services: Services, count: int) -> None:
    """File through the one way in, eight at a time."""
    import msgspec

    from complaints_service.tickets.filed import FilingKey
    from complaints_service.tickets.model import Complaint

    office = await services.offices.current()
    numbers = iter(range(count))

    async def filer() -> None:
        for number in numbers:
            complaint = Complaint(
                description=f"Paspor saya belum jadi padahal sudah lama menunggu ({number}).", service="paspor-baru"
            )
            key = FilingKey("bench", str(number), msgspec.json.encode(complaint))
            await services.intake.file_complaint(office, complaint, key)

    await asyncio.gather(*(filer() for _ in range(8)))


async def run(count: int) -> None:
    """Start servers, file, move the clock, fire, deliver."""
    root = Path(tempfile.mkdtemp(prefix="complaints-bench-"))
    root.chmod(0o711)
    servers = EmbeddedServers(root / "data")
    await servers.start()
    catcher = Catcher()
    smtp = Controller(catcher, hostname="127.0.0.1", port=free_port())
    smtp.start()
    try:
        env = {
            "COMPLAINTS_DEV": "1",
            "COMPLAINTS_DATA_DIR": str(root / "data"),
            "COMPLAINTS_DATABASE_URL": servers.database_url,
            "COMPLAINTS_SECRET_KEY": "a key for a benchmark that is long enough",
            "COMPLAINTS_LOG_LEVEL": "error",
            "COMPLAINTS_SMTP_URL": f"smtp://127.0.0.1:{smtp.port}",
        }
        settings = Settings.from_env(env)
        await upgrade(servers.admin_url)
        await seed(settings, servers.admin_url, tickets=False)
        services = await open_services(settings, hints=False)
        look_seldom()  # as a worker does
        await file_many(services, count)
        admin = await asyncpg.connect(servers.admin_url)
        await admin.execute("VACUUM ANALYZE")
        for name in ("first rung (a reminder)", "second rung (a breach)"):
            due = await admin.fetchval("SELECT max(due_at) FROM sla_timer WHERE state = 'armed' AND target = 'verify'")
            await admin.execute("UPDATE clock_shift SET shift = shift + ($1 - office_now()) + interval '1 second'", due)
            due_now = await admin.fetchval(
                "SELECT count(*) FROM sla_timer WHERE state = 'armed' AND due_at <= office_now()"
            )
            began, cpu = time.perf_counter(), time.process_time()
            fired = await services.timers.fire_due()
            print(
                f"{name}: {due_now} due, {fired} rungs in {time.perf_counter() - began:.2f} s "
                f"({time.process_time() - cpu:.2f} s of them in this process)"
            )
            print("  " + await deliver(services, catcher))
        await admin.close()
        await services.close()
    finally:
        smtp.stop()
        await servers.stop()
        shutil.rmtree(root, ignore_errors=True)


class Catcher:
    """An SMTP server that counts."""

    def __init__(self) -> None:
        self.mails = 0

    async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # noqa: N802 - aiosmtpd's name
        """One more."""
        self.mails += 1
        return "250 OK"


async def deliver(services: Services, catcher: Catcher) -> str:
    """Send until nothing is due; what the cap absorbs into roll-ups does not go out now."""
    before, began = catcher.mails, time.perf_counter()
    while await services.notifications.deliver_due(100_000):
        pass
    async with services.database.transaction(SYSTEM) as connection:
        absorbed = await connection.fetchval("SELECT count(*) FROM outbox WHERE state = 'absorbed'")
        left = await connection.fetchval(
            "SELECT count(*) FROM outbox WHERE state = 'queued' AND released_at <= office_now()"
        )
    seconds = time.perf_counter() - began
    return f"{catcher.mails - before} mails at the catcher in {seconds:.2f} s, {absorbed} rows in roll-ups so far, {left} left"


def main() -> None:
    """Once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=10_000)
    asyncio.run(run(parser.parse_args().tickets))


if __name__ == "__main__":
    main()
