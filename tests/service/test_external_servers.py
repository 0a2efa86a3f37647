"""PostgreSQL, PgBouncer (transaction mode) and Redis of the machine, given by URL: file, act, fire, deliver, wake, audit.

Collected for what is installed; without a PostgreSQL or Redis of the machine the wheels' own servers are reached by URL.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from complaints_service.database import missing_migrations, upgrade
from complaints_service.demo import seed
from complaints_service.doctor import Health, examine
from complaints_service.processes import Child
from complaints_service.queue import WAKE_JOB, close_queue, open_queue
from complaints_service.tickets import commands as c
from complaints_service.tickets.model import Status
from complaints_service.wiring import open_services
from tests.office import TheOffice
from tests.platform.installed_servers import make_roles, newest_postgres, pgbouncer_in, postgres_in, redis_in
from tests.servers import test_settings as settings_for
from tests.service.smtp_server import Postbox, smtp_server
from workers.settings import make_worker

POOLED = [True] if shutil.which("pgbouncer") else []


@pytest.fixture(scope="module")
async def folder() -> AsyncIterator[Path]:
    """A folder that the machine's servers may use, with everything that is installed running in it."""
    place = Path(tempfile.mkdtemp(prefix="complaints-"))
    place.chmod(0o755)
    sockets = place / "s"
    sockets.mkdir()
    sockets.chmod(0o777)
    programs = [postgres_in(sockets), redis_in(sockets), pgbouncer_in(sockets)]
    children = [Child(program, place / f"{program.name}.log") for program in programs if program is not None]
    try:
        for child in children:
            await child.start(within=30)
        make_roles(sockets)
        yield sockets
    finally:
        for child in reversed(children):
            await child.stop()
        shutil.rmtree(place)


class Woken:
    """Counts what the queue brings."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    def wake(self) -> None:
        self.event.set()


@pytest.mark.parametrize("pooled", [False, *POOLED])
async def test_the_whole_road_on_servers_given_by_url(folder: Path, tmp_path: Path, pooled: bool) -> None:
    owner = f"postgresql://postgres@/complaints?host={folder}"
    await upgrade(owner)
    url = f"postgresql://complaints_app@/complaints?host={folder}&port={6432 if pooled else 5432}"
    postbox = Postbox()
    async with smtp_server(postbox) as port:
        settings = settings_for(
            tmp_path,
            url,
            f"unix://{folder}/valkey.sock",
            admin_database_url=owner,
            pgbouncer="1" if pooled else "0",
            smtp_url=f"smtp://127.0.0.1:{port}",
        )
        people = await seed(settings, owner)
        services = await open_services(settings, hints=False)
        try:
            office = TheOffice(services, {person.username: person.password for person in people})
            await office.now()
            reader = f"{uuid.uuid4().hex}@example.org"
            # More at once than the pool has connections, and one key for all of them.
            same = await asyncio.gather(*(office.file("one key for all", reporter_email=None) for _ in range(20)))
            assert len({filed.number for filed in same}) == 1
            filed = await office.file(reporter_email=reader)
            await office.act(filed.number, c.Verify(), "petugas")
            await office.act(filed.number, c.Start(), "petugas")
            answer = next(d.due_at for d in filed.deadlines if d.target == "answer")
            await office.move_clock_to(answer + timedelta(days=3))
            assert await office.fire() > 0
            assert await office.fire() == 0
            await office.act(filed.number, c.Answer(text="Paspor Anda dapat diambil.", resolves=True), "petugas")
            await office.move_clock(timedelta(seconds=11))
            await services.notifications.deliver_due()
            assert [mail.to for mail in postbox.taken].count([reader]) + len(postbox.to(reader)) > 0
            assert (await office.file_of(filed.number)).ticket.status is Status.ANSWERED
            async with services.database.connection() as connection:
                assert await connection.fetchval("SELECT count(*) FROM ticket") == 0, "the wall stands here too"
                assert await missing_migrations(connection) == []
            report = await examine(settings, with_audit=True)
            assert report.violations == []
            health = {finding.check: finding.health for finding in report.findings}
            assert (health["postgresql"], health["valkey"], health["role"]) == (Health.OK,) * 3
        finally:
            await services.close()


async def test_hints_travel_through_its_redis(folder: Path) -> None:
    woken = Woken()
    url = f"unix://{folder}/valkey.sock"
    worker = make_worker(await open_queue(url), woken)
    running = asyncio.create_task(worker.async_run())
    queue = await open_queue(url)
    try:
        await queue.enqueue_job(WAKE_JOB)
        async with asyncio.timeout(30):
            await woken.event.wait()
            await asyncio.gather(*worker.tasks.values())  # the job has done its work; arq may still be marking it
        assert worker.jobs_complete == 1
    finally:
        await close_queue(queue)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await worker.close()


async def test_it_is_the_machines_own_postgresql_where_there_is_one(folder: Path) -> None:
    connection = await asyncpg.connect(f"postgresql://postgres@/complaints?host={folder}")
    try:
        version = connection.get_server_version().major
    finally:
        await connection.close()
    installed = newest_postgres()
    assert version == (18 if installed is None else int(installed.parent.name))
