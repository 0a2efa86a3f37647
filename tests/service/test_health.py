"""Readiness, heartbeats and figures, on the real database."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from complaints_service.clock import monotonic
from complaints_service.database import SYSTEM
from complaints_service.heartbeat import SILENT_SECONDS, Heartbeat, ProcessKind, process_name
from complaints_service.settings import Settings
from complaints_service.web.health import Condition, Health
from complaints_service.web.metrics import Metrics
from complaints_service.wiring import Services
from tests.office import TheOffice
from tests.servers import Running, on_database


@pytest.fixture
async def health(services: Services) -> AsyncIterator[Health]:
    """Readiness, with nobody's heartbeat and no dead messages left by other tests."""
    await execute(services, "DELETE FROM heartbeat")
    async with services.database.transaction(SYSTEM) as connection:
        await connection.execute("UPDATE outbox SET state = 'cancelled' WHERE state IN ('queued', 'sending', 'dead')")
    await services.timers.fire_due()
    async with services.database.transaction(SYSTEM) as connection:
        await connection.execute("UPDATE outbox SET state = 'cancelled' WHERE state IN ('queued', 'sending', 'dead')")
    yield Health(services.database, services.settings)
    await execute(services, "DELETE FROM heartbeat")


async def execute(services: Services, sql: str, *values: object) -> None:
    async with services.database.connection() as connection:
        await connection.execute(sql, *values)


def worker(services: Services) -> Heartbeat:
    return Heartbeat(services.database, f"worker@{secrets.token_hex(4)}", ProcessKind.WORKER)


async def open_alarms(services: Services) -> list[str]:
    async with services.database.connection() as connection:
        return [
            row["key"] for row in await connection.fetch("SELECT key FROM alarm WHERE cleared_at IS NULL ORDER BY key")
        ]


async def test_ready_says_ok_while_a_worker_lives_and_sweeps(services: Services, health: Health) -> None:
    await worker(services).beat(swept=True)
    readiness = await health.readiness()
    assert (readiness.status, readiness.reasons) == (Condition.OK, [])
    assert readiness.worker_seconds is not None
    assert readiness.sweep_seconds is not None


async def test_a_worker_that_fell_silent_is_stalled_and_one_that_only_beats_does_not_sweep(
    services: Services, health: Health
) -> None:
    await worker(services).beat(swept=True)
    await execute(services, "UPDATE heartbeat SET swept_at = swept_at - interval '5 minutes'")
    assert (await health.readiness()).reasons == ["sweep_overdue"]
    await execute(services, "UPDATE heartbeat SET seen_at = seen_at - interval '5 minutes'")
    assert "worker_stalled" in (await health.readiness()).reasons


async def test_messages_that_wait_or_are_dead_and_timers_that_do_not_fire_are_told(
    services: Services, health: Health, the_office: TheOffice
) -> None:
    await worker(services).beat(swept=True)
    filed = await the_office.file()
    assert (await health.readiness()).reasons == []
    async with services.database.transaction(SYSTEM) as connection:
        await connection.execute(
            "UPDATE outbox SET released_at = released_at - interval '10 minutes' WHERE ticket_id = $1", filed.ticket_id
        )
        await connection.execute(
            "UPDATE sla_timer SET due_at = office_now() - interval '10 minutes' WHERE ticket_id = $1", filed.ticket_id
        )
    readiness = await health.readiness()
    assert readiness.reasons == ["mail_waits", "timers_wait"]
    assert readiness.unsent_mail_seconds is not None
    assert readiness.unsent_mail_seconds >= 600
    assert readiness.due_timer_seconds is not None
    assert readiness.due_timer_seconds >= 600
    async with services.database.transaction(SYSTEM) as connection:
        await connection.execute("UPDATE outbox SET state = 'dead' WHERE ticket_id = $1", filed.ticket_id)
        await connection.execute(
            "UPDATE sla_timer SET due_at = office_now() + interval '9 days' WHERE ticket_id = $1", filed.ticket_id
        )
    assert (await health.readiness()).reasons == ["dead_messages"]


async def test_missing_migrations_make_it_unavailable(services: Services, running: Running, settings: Settings) -> None:
    own = urlsplit(settings.database_url or "").path.removeprefix("/")
    connection = await asyncpg.connect(on_database(running.admin_url, own))
    try:
        row = await connection.fetchrow("DELETE FROM _pogo_migration WHERE migration_id = '0003_accounts' RETURNING *")
        fresh = Health(services.database, settings)
        assert (await fresh.readiness()).reasons == ["migrations"]
        assert row is not None
        names = ", ".join(row.keys())
        places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
        await connection.execute(f"INSERT INTO _pogo_migration ({names}) VALUES ({places})", *row.values())  # noqa: S608
    finally:
        await connection.close()
    assert (await fresh.readiness()).status is not Condition.UNAVAILABLE


async def test_when_no_worker_lives_an_alarm_is_raised_once_and_cleared_when_one_is_back(
    services: Services, health: Health
) -> None:
    web = Heartbeat(services.database, process_name(ProcessKind.WEB), ProcessKind.WEB)
    await web.beat()
    stalled = worker(services)
    await stalled.beat()
    assert await web.watch()
    assert "worker_stalled" not in await open_alarms(services)
    await execute(
        services,
        "UPDATE heartbeat SET seen_at = seen_at - make_interval(secs => $1) WHERE kind = 'worker'",
        SILENT_SECONDS + 1,
    )
    assert not await web.watch()
    assert not await web.watch()
    assert (await open_alarms(services)).count("worker_stalled") == 1
    await worker(services).beat()
    assert await web.watch()
    assert "worker_stalled" not in await open_alarms(services)


async def test_a_kind_that_was_never_seen_is_given_time_to_start(
    services: Services, health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = worker(services)
    await execute(services, "DELETE FROM heartbeat")
    assert await watching.watch()
    later = monotonic() + SILENT_SECONDS + 1
    monkeypatch.setattr("complaints_service.heartbeat.monotonic", lambda: later)
    assert not await watching.watch()
    await Heartbeat(services.database, "web@test", ProcessKind.WEB).beat()
    assert await watching.watch()


async def test_a_process_that_ends_on_purpose_leaves_no_sign(services: Services, health: Health) -> None:
    leaving = worker(services)
    await leaving.beat()
    await leaving.end()
    async with services.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM heartbeat") == 0


async def test_metrics_count_the_work_that_waits(services: Services, health: Health, the_office: TheOffice) -> None:
    filed = await the_office.file()
    waiting = len(await the_office.outbox(filed.number))
    text = (await Metrics().page(health)).decode()
    assert waiting > 0
    assert f"complaints_outbox_waiting {waiting}.0" in text
