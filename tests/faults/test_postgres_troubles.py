"""Scenario 7 on one web application: PostgreSQL stands still, only reads, is full, has no connection left, or chooses us as a victim.

Each is 503 with Retry-After and leaves nothing behind; the same key brings the ticket once the trouble is over.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from complaints_service.doctor_audit import audit
from complaints_service.errors import NotFound
from complaints_service.sla.timers import Timers
from complaints_service.tickets import commands as c
from complaints_service.wiring import Services, open_services
from tests.app_client import client_of, started_app
from tests.faults.service import eventually
from tests.faults.valve import Valve
from tests.office import TheOffice
from tests.servers import Running, clone_template, on_database, test_settings

NAME = f"troubled_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
POOL = 3
TABLES = ("ticket", "ticket_event", "complaint_text", "deadline", "sla_timer", "outbox", "idempotency_key")


@pytest.fixture(scope="module")
async def admin(running: Running) -> AsyncIterator[asyncpg.Connection]:
    """Sees and changes everything, past the valve."""
    await clone_template(running, NAME)
    connection = await asyncpg.connect(on_database(running.admin_url, NAME))
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def valve(admin: asyncpg.Connection) -> AsyncIterator[Valve]:
    folder, port = await admin.fetchval("SHOW unix_socket_directories"), await admin.fetchval("SHOW port")
    with tempfile.TemporaryDirectory() as ours:
        valve = Valve(Path(folder) / f".s.PGSQL.{port}", Path(ours))
        async with valve.running():
            yield valve


@pytest.fixture(scope="module")
async def services(valve: Valve, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    url = f"postgresql://complaints_app@/{NAME}?host={valve.folder}"
    opened = await open_services(
        test_settings(tmp_path_factory.mktemp("troubled"), url, None, pool_size=str(POOL)), hints=False
    )
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def app(services: Services) -> AsyncIterator[Any]:
    async with started_app(services.settings, services) as started:
        yield started


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
def office(services: Services, running: Running) -> TheOffice:
    return TheOffice(services, {person.username: person.password for person in running.people})


async def file(client: httpx.AsyncClient, key: str) -> httpx.Response:
    body = {"description": f"Antrean {key} tidak bergerak."}
    return await client.post("/api/v1/complaints", json=body, headers={"Idempotency-Key": key})


async def totals(admin: asyncpg.Connection) -> list[int]:
    return [await admin.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES]  # noqa: S608 - names of this file


async def hang_up(admin: asyncpg.Connection) -> None:
    """End every connection of the application, so that the next ones know the database's new settings."""
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def refused_whole(client: httpx.AsyncClient, admin: asyncpg.Connection, key: str) -> httpx.Response:
    before = await totals(admin)
    answer = await file(client, key)
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert await totals(admin) == before
    return answer


async def taken_once(client: httpx.AsyncClient, admin: asyncpg.Connection, key: str) -> None:
    async def taken() -> bool:
        return (await file(client, key)).status_code == 201

    assert await eventually(taken)
    assert (await file(client, key)).headers["idempotent-replayed"] == "true"
    words = f"Antrean {key} tidak bergerak."
    assert await admin.fetchval("SELECT count(*) FROM complaint_text WHERE description = $1", words) == 1


async def test_while_it_stands_still_web_lives_is_not_ready_and_then_answers_what_it_was_asked(
    valve: Valve, client: httpx.AsyncClient, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("complaints_service.web.health.ANSWER_SECONDS", 0.3)
    key = str(uuid.uuid4())
    valve.close()
    asked = asyncio.create_task(file(client, key))
    assert await eventually(lambda: valve.held > 0)
    ready = await client.get("/health/ready")
    assert (ready.status_code, ready.json()["reasons"]) == (503, ["database"])
    assert int(ready.headers["retry-after"]) > 0
    assert (await client.get("/health/live")).status_code == 200
    assert not asked.done()
    valve.open()
    assert (await asked).status_code == 201
    await taken_once(client, admin, key)

    async def is_ready() -> bool:
        return (await client.get("/health/ready")).status_code == 200

    assert await eventually(is_ready)


async def test_one_that_only_reads_is_503_for_writers_and_answers_readers(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    key, known = str(uuid.uuid4()), str(uuid.uuid4())
    await taken_once(client, admin, known)
    await admin.execute(f"ALTER DATABASE {NAME} SET default_transaction_read_only = on")
    try:
        await hang_up(admin)

        async def only_reads() -> bool:
            return (await client.get("/health/ready")).status_code == 200

        assert await eventually(only_reads)
        await refused_whole(client, admin, key)
        assert (await client.get("/")).status_code == 200
    finally:
        await admin.execute(f"ALTER DATABASE {NAME} RESET default_transaction_read_only")
        await hang_up(admin)
    await taken_once(client, admin, key)


async def raising(admin: asyncpg.Connection, table: str, code: str) -> None:
    """From now on PostgreSQL says this error at every new row of the table; ``counted`` counts how often."""
    await admin.execute(
        f"""
        DROP SEQUENCE IF EXISTS counted; CREATE SEQUENCE counted; GRANT USAGE ON counted TO complaints_app;
        CREATE OR REPLACE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM nextval('counted'); RAISE EXCEPTION 'trouble' USING ERRCODE = '{code}'; END $$;
        CREATE TRIGGER trouble BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION trouble();
        """
    )


async def over(admin: asyncpg.Connection, table: str) -> int:
    """How often it was said."""
    await admin.execute(f"DROP TRIGGER trouble ON {table}")
    counted: int = await admin.fetchval("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM counted")
    return counted


@pytest.mark.parametrize("code", ["53100", "53200", "58030", "40P01", "40001"])
async def test_a_full_disk_no_memory_a_bad_disk_or_a_lost_deadlock_is_503_and_nothing_is_half_written(
    client: httpx.AsyncClient, admin: asyncpg.Connection, code: str
) -> None:
    key = str(uuid.uuid4())
    await raising(admin, "ticket_event", code)
    try:
        await refused_whole(client, admin, key)
    finally:
        met = await over(admin, "ticket_event")
    assert met > 0, "it was this trouble that was answered"
    await taken_once(client, admin, key)


async def test_timers_wait_for_a_full_disk_and_none_is_taken_for_poison(
    services: Services, office: TheOffice, admin: asyncpg.Connection
) -> None:
    filed = await office.file(reporter_email=None)
    await office.move_clock_to(max(d.due_at for d in filed.deadlines if d.target == "verify") + timedelta(minutes=1))
    due = "SELECT count(*) FROM sla_timer WHERE state = 'armed' AND due_at <= office_now()"
    timers: Timers = services.timers
    before = await admin.fetchval(due)
    assert before > 0
    await raising(admin, "ticket_event", "53100")
    with pytest.raises(asyncpg.DiskFullError):
        await timers.fire_due()
    assert await over(admin, "ticket_event") <= 8, "no hot loop"
    assert await admin.fetchval(due) == before
    assert await admin.fetchval("SELECT max(attempts) FROM sla_timer") == 0
    assert await timers.fire_due() > 0
    assert await admin.fetchval(due) == 0


async def test_with_every_connection_taken_the_next_is_told_to_come_back(
    services: Services, client: httpx.AsyncClient, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("complaints_service.database.ACQUIRE_SECONDS", 0.3)
    key = str(uuid.uuid4())
    async with AsyncExitStack() as all_of_them:
        for _ in range(POOL):
            await all_of_them.enter_async_context(services.database.connection())
        refused = await refused_whole(client, admin, key)
    assert refused.json()["code"] == "unavailable"
    await taken_once(client, admin, key)


async def test_the_victim_of_a_deadlock_does_the_whole_deed_again(
    services: Services, office: TheOffice, admin: asyncpg.Connection, running: Running
) -> None:
    first, second = [await office.file(reporter_email=None) for _ in range(2)]
    lock = "SELECT 1 FROM ticket WHERE id = $1 FOR UPDATE"
    other = await asyncpg.connect(on_database(running.admin_url, NAME))
    try:
        # PostgreSQL looks for a deadlock on behalf of the service first, so it is the service that loses.
        await other.execute("SET deadlock_timeout = '60s'")
        holding = other.transaction()
        await holding.start()
        await other.execute(lock, second.ticket_id)
        merging = asyncio.create_task(office.act(first.number, c.Merge(into=second.number), "petugas"))

        async def waits() -> bool:
            return await admin.fetchval("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")

        assert await eventually(waits)
        await other.execute(lock, first.ticket_id)  # granted when the service has lost
        await holding.commit()
        await merging
    finally:
        await other.close()
    merged = await admin.fetch("SELECT type FROM ticket_event WHERE ticket_id = $1 ORDER BY seq", first.ticket_id)
    assert [row["type"] for row in merged] == ["filed", "merged"]


async def test_a_deed_that_loses_three_times_is_given_up_and_leaves_nothing(
    office: TheOffice, admin: asyncpg.Connection
) -> None:
    filed = await office.file(reporter_email=None)
    await raising(admin, "ticket_event", "40P01")
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await office.act(filed.number, c.Verify(), "petugas")
    assert await over(admin, "ticket_event") == 3
    await office.act(filed.number, c.Verify(), "petugas")
    with pytest.raises(NotFound):
        await office.act("LT-2026-999999", c.Verify(), "petugas")


async def test_after_all_of_it_the_audit_finds_nothing(office: TheOffice, admin: asyncpg.Connection) -> None:
    assert await office.services.timers.fire_due() >= 0
    assert await audit(admin) == []
