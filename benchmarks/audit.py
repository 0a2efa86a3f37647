"""`complaints doctor --audit` over many tickets with their messages, keys, seals and photos: seconds of all, and of each invariant.

.venv/bin/python -m benchmarks.audit [--tickets 1000000] [--photo-every 10] [--rounds 1] [--keep FOLDER]

``--keep``: the database is made in this folder, stays there, and is used again by the next call.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import asyncpg

from benchmarks.grown import add_messages_and_keys, add_photos, add_seals
from complaints_service.database import upgrade
from complaints_service.demo import seed
from complaints_service.demo.bulk import seed_bulk
from complaints_service.doctor_audit import Violation, audit, audit_connections
from complaints_service.embedded import EmbeddedServers
from complaints_service.intake.attachments.storage import Storage
from complaints_service.progress import bar
from complaints_service.settings import Settings

KEY = "a key for a benchmark that is long enough"
# No worker runs here: what becomes due after the database was made is not late.
GRACE = timedelta(days=365)
TABLES = ("ticket", "ticket_event", "outbox", "deadline", "sla_timer", "attachment", "chain_root")


async def fill(settings: Settings, admin_url: str, tickets: int, photo_every: int) -> None:
    """An office that has worked for two years; says how long each part took."""
    await upgrade(admin_url)
    await seed(settings, admin_url, tickets=False)
    seconds = await asyncio.to_thread(seed_bulk, admin_url, settings.secret_key, tickets)
    print(f"{tickets} tickets seeded in {seconds:.0f} s", flush=True)
    began = time.perf_counter()
    admin = await asyncpg.connect(admin_url)
    photos = await add_photos(admin, Storage(settings.data_dir), photo_every) if photo_every else 0
    await add_messages_and_keys(admin)
    await admin.execute("VACUUM ANALYZE")
    zone = await admin.fetchval("SELECT time_zone FROM office")
    seals = await add_seals(admin, zone)
    await admin.close()
    print(f"messages, keys, {photos} photos and {seals} seals in {time.perf_counter() - began:.0f} s", flush=True)


def cpu_seconds(process: int) -> float:
    """CPU time that one process has used so far: it does not depend on how busy the machine is otherwise."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def look(settings: Settings, *, whole_files: bool) -> list[Violation]:
    """One audit as the command does it, and what it took."""
    spent: dict[str, float] = {}
    async with audit_connections(settings, settings.database_url or "") as connections:
        servers = [connection.get_server_pid() for connection in connections]
        before, own, began = sum(map(cpu_seconds, servers)), time.process_time(), time.perf_counter()
        violations = await audit(
            connections[0],
            GRACE.total_seconds(),
            bar(),
            beside=connections[1:],
            storage=Storage(settings.data_dir),
            whole_files=whole_files,
            spent=spent,
        )
        seconds = time.perf_counter() - began
        server, own = sum(map(cpu_seconds, servers)) - before, time.process_time() - own
    load = os.getloadavg()[0]
    print(
        f"audited in {seconds:.1f} s on {len(connections)} connections, {len(violations)} violations;"
        f" CPU: PostgreSQL {server:.1f} s, command {own:.1f} s; load average {load:.1f}"
    )
    for part, took in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {took:6.1f} s  {part}")
    return violations


async def sizes(admin_url: str) -> str:
    """How many rows there are to look at."""
    admin = await asyncpg.connect(admin_url)
    counts = [f"{await admin.fetchval(f'SELECT count(*) FROM {table}'):,} in {table}" for table in TABLES]  # noqa: S608 - names written above
    await admin.close()
    return ", ".join(counts)


async def run(call: argparse.Namespace, root: Path) -> list[Violation]:
    """The servers, the database where there is none yet, and the rounds."""
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o711)
    made = (root / "made").exists()
    servers = EmbeddedServers(root / "data", valkey=False)
    await servers.start()
    try:
        settings = Settings.from_env(
            {
                "COMPLAINTS_DEV": "1",
                "COMPLAINTS_DATA_DIR": str(root / "data"),
                "COMPLAINTS_DATABASE_URL": servers.database_url,
                "COMPLAINTS_SECRET_KEY": KEY,
                "COMPLAINTS_LOG_LEVEL": "error",
            }
        )
        if not made:
            await fill(settings, servers.admin_url, call.tickets, call.photo_every)
            (root / "made").touch()
        else:
            await upgrade(servers.admin_url)
        print(await sizes(servers.admin_url), flush=True)
        violations: list[Violation] = []
        for _ in range(call.rounds):
            violations = await look(settings, whole_files=call.hash_files)
        return violations
    finally:
        await servers.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill, audit, say how long it took; fails when the audit finds anything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--photo-every", type=int, default=10, help="one ticket in so many has a photo; 0: none has")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--hash-files", action="store_true", help="read every file, not only its size")
    parser.add_argument("--keep", type=Path, help="make the database here and use it again")
    call = parser.parse_args(arguments)
    root = call.keep or Path(tempfile.mkdtemp(prefix="complaints-bench-"))
    try:
        violations = asyncio.run(run(call, root))
    finally:
        if call.keep is None:
            shutil.rmtree(root, ignore_errors=True)
    if violations:
        raise SystemExit("\n".join(f"{found.invariant} {found.row}: {found.what}" for found in violations[:20]))


if __name__ == "__main__":
    main()
