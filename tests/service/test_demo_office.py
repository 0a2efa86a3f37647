"""The demo office: seeded once, the same as rows and as a value, and its tickets alive under the real clocks."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from complaints_service.accounts.passwords import matches
from complaints_service.database import SYSTEM, upgrade
from complaints_service.demo import seed
from complaints_service.demo.office_value import demo_office
from complaints_service.demo.people import FILE_NAME, demo_people
from complaints_service.demo.tickets_seed import demo_tickets
from complaints_service.settings import Settings
from complaints_service.tickets.model import OPEN, Channel, Status
from complaints_service.wiring import Services, open_services
from tests.servers import Running, on_database, test_settings

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
DEMO = f"demo_{WORKER}"
LATER = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
async def empty(running: Running) -> str:
    """A migrated database without an office; its URL as the migrating role."""
    return await _migrated(running, DEMO)


@pytest.fixture(scope="module")
def demo_settings(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    url = on_database(running.database_url, DEMO)
    return test_settings(tmp_path_factory.mktemp("demo"), url, None, dev_now=LATER.isoformat())


@pytest.fixture(scope="module")
async def demo(empty: str, demo_settings: Settings) -> AsyncIterator[Services]:
    await seed(demo_settings, empty)
    opened = await open_services(demo_settings, hints=False)
    await opened.offices.current()
    yield opened
    await opened.close()


async def test_what_is_seeded_is_what_rules_and_unit_tests_work_on(demo: Services) -> None:
    stored = await demo.offices.current()
    assert stored == msgspec.structs.replace(demo_office(), config_version=stored.config_version)


async def test_office_time_begins_where_the_setting_says(demo: Services) -> None:
    assert timedelta(0) <= demo.clock.now() - LATER < timedelta(minutes=10)


async def test_seeding_again_changes_nothing(demo: Services, empty: str, demo_settings: Settings) -> None:
    before = await _counts(demo)
    people = await seed(demo_settings, empty)
    assert await _counts(demo) == before
    assert people == demo_people(demo_settings.data_dir)
    assert [p.username for p in people] == ["petugas", "petugas2", "atasan", "kepala", "kanwil", "admin"]


async def test_the_passwords_that_are_shown_are_the_ones_that_open(demo: Services, demo_settings: Settings) -> None:
    async with demo.database.connection() as connection:
        stored = dict(await connection.fetch("SELECT username, password_hash FROM person"))
    assert all(matches(stored[p.username], p.password) for p in demo_people(demo_settings.data_dir))


def test_the_file_of_passwords_is_private(demo: Services, demo_settings: Settings) -> None:
    assert (demo_settings.data_dir / FILE_NAME).stat().st_mode & 0o077 == 0


async def test_when_the_file_of_passwords_is_lost_the_people_get_new_ones(
    demo: Services, empty: str, demo_settings: Settings, tmp_path: Path
) -> None:
    elsewhere = msgspec.structs.replace(demo_settings, data_dir=tmp_path)
    people = await seed(elsewhere, empty)
    async with demo.database.connection() as connection:
        stored = dict(await connection.fetch("SELECT username, password_hash FROM person"))
    assert all(matches(stored[p.username], p.password) for p in people)
    (demo_settings.data_dir / FILE_NAME).write_bytes((tmp_path / FILE_NAME).read_bytes())


async def test_two_dozen_tickets_come_from_every_door_and_stand_at_every_stage(demo: Services) -> None:
    async with demo.database.transaction(SYSTEM) as connection:
        rows = await connection.fetch("SELECT status, channel, next_due_at < office_now() AS late FROM ticket")
        ratings = await connection.fetchval("SELECT count(*) FROM rating")
    assert len(rows) == len(demo_tickets()) == 24
    assert {row["channel"] for row in rows} == set(Channel) - {Channel.EMAIL}
    assert {row["status"] for row in rows} == set(Status)
    assert any(row["late"] for row in rows)
    assert ratings == 0


async def test_every_open_demo_ticket_has_an_armed_timer(demo: Services) -> None:
    async with demo.database.transaction(SYSTEM) as connection:
        silent = await connection.fetch(
            "SELECT number FROM ticket AS k WHERE k.status = ANY ($1) AND NOT EXISTS (SELECT 1 FROM sla_timer AS t"
            " WHERE t.office_id = k.office_id AND t.ticket_id = k.id AND t.state = 'armed')",
            sorted(OPEN),
        )
    assert silent == []


async def test_few_messages_wait_after_the_first_start(demo: Services) -> None:
    async with demo.database.transaction(SYSTEM) as connection:
        assert await connection.fetchval("SELECT count(*) FROM outbox") < 10


async def test_without_dev_there_is_an_office_but_nobody_with_a_known_password(
    running: Running, demo_settings: Settings, tmp_path: Path
) -> None:
    url = await _migrated(running, f"bare_{WORKER}")
    plain = msgspec.structs.replace(demo_settings, dev=False, dev_now=None, data_dir=tmp_path)
    assert await seed(plain, url) == []
    connection = await asyncpg.connect(url)
    try:
        counted = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM office) AS offices, (SELECT count(*) FROM person) AS people,"
            " (SELECT count(*) FROM ticket) AS tickets"
        )
    finally:
        await connection.close()
    assert tuple(counted) == (1, 0, 0)
    assert not (tmp_path / FILE_NAME).exists()


async def _migrated(running: Running, name: str) -> str:
    connection = await asyncpg.connect(running.admin_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    url = on_database(running.admin_url, name)
    await upgrade(url)
    return url


async def _counts(services: Services) -> dict[str, int]:
    tables = (
        "office",
        "unit",
        "person",
        "person_unit",
        "policy_target",
        "rung",
        "routing_rule",
        "ticket",
        "ticket_event",
    )
    async with services.database.transaction(SYSTEM) as connection:
        return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}  # noqa: S608
