"""Another policy played over the history of 100,000 tickets: seconds, tickets a second, memory of the processes.

.venv/bin/python -m benchmarks.simulation [--tickets 100000]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from complaints_service.database import Scope, upgrade
from complaints_service.demo import seed
from complaints_service.demo.bulk import seed_bulk
from complaints_service.embedded import EmbeddedServers
from complaints_service.settings import Settings
from complaints_service.sla.policy_document import document_of
from complaints_service.sla.simulation_result import Result
from complaints_service.sla.simulation_run import Asked, Sight, Simulations
from complaints_service.wiring import Services, open_services


async def run(count: int) -> None:
    """Start servers, seed, play the policy in force and one with answers in half the time."""
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
        seconds = await asyncio.to_thread(seed_bulk, servers.admin_url, settings.secret_key, count)
        print(f"seeded {count} tickets in {seconds:.1f} s")
        services = await open_services(settings, hints=False)
        policy = document_of((await services.offices.current()).policy_at(datetime.now(UTC)))
        halved = tuple(
            msgspec.structs.replace(target, amount=max(1, target.amount // 2)) if target.target == "answer" else target
            for target in policy.targets
        )
        strict = msgspec.json.encode(msgspec.structs.replace(policy, targets=halved)).decode()
        for name, document in (("as it was", None), ("answers in half the time", strict)):
            result = await simulate(services, settings, document)
            print(f"{name}: {told(result)}")
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"largest process: {used} MB; the web process's part: {own} MB")
        await services.close()
    finally:
        await servers.stop()
        shutil.rmtree(root, ignore_errors=True)


async def simulate(services: Services, settings: Settings, policy: str | None) -> Result:
    """One run over everything, as the head of the office would start it."""
    office = await services.offices.current()
    sight = Sight(scope=Scope.system(), units=tuple(office.units), own_units=(), person_id=0)
    now = datetime.now(UTC)
    asked = Asked(received_from=now - timedelta(days=3650), received_before=now + timedelta(days=1), policy=policy)
    began, shown = time.perf_counter(), [0]

    def progress(done: int, total: int) -> None:
        if done * 5 // max(1, total) > shown[0]:
            shown[0] = done * 5 // max(1, total)
            print(f"  {done} of {total} after {time.perf_counter() - began:.1f} s")

    return await Simulations(services.database, settings).run(office, sight, asked, progress)


def told(result: Result) -> str:
    """The figures in one line."""
    was, simulated = result.all.was, result.all.simulated
    return (
        f"{result.tickets} tickets in {result.seconds:.1f} s ({result.tickets / result.seconds:.0f}/s); met {was.met} -> "
        f"{simulated.met}, broken {was.breached} -> {simulated.breached}, messages {result.was.total} -> "
        f"{result.simulated.total}; control {result.control_equal} of {result.control_promises} as stored; "
        f"{result.unreadable} unreadable"
    )


def main() -> None:
    """Once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    asyncio.run(run(parser.parse_args().tickets))


if __name__ == "__main__":
    main()
