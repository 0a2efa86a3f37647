"""What the last release asks still gives the same on the schema of today: its processes go on while the database is upgraded."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from tests.servers import Running, clone_template, on_database
from tools.record_release import RECORD, ROOT, Release, newest_release, planned

NAME = f"previous_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


@pytest.fixture(scope="module")
def previous() -> Release:
    return msgspec.json.decode(RECORD.read_bytes(), type=Release)


@pytest.fixture(scope="module")
async def database(running: Running) -> AsyncIterator[asyncpg.Connection]:
    await clone_template(running, NAME)
    connection = await asyncpg.connect(on_database(running.admin_url, NAME))
    yield connection
    await connection.close()


async def different(database: asyncpg.Connection, previous: Release) -> list[str]:
    """Queries that are refused, or that take or give something else than their release knows."""
    found: list[str] = []
    for name, query in previous.queries.items():
        try:
            if await planned(database, query.sql) != query:
                found.append(name)
        except asyncpg.PostgresError as error:
            found.append(f"{name}: {error}")
    return found


async def test_every_query_of_it_is_understood_and_gives_the_same_columns(
    database: asyncpg.Connection, previous: Release
) -> None:
    assert len(previous.queries) > 200
    assert await different(database, previous) == []


async def test_a_column_that_it_names_and_that_is_gone_would_be_told(
    database: asyncpg.Connection, previous: Release
) -> None:
    change = database.transaction()
    await change.start()
    await database.execute("ALTER TABLE heartbeat RENAME COLUMN swept_at TO swept")
    try:
        query = previous.queries["health.beat"]
        with pytest.raises(asyncpg.UndefinedColumnError):
            await planned(database, query.sql)
    finally:
        await change.rollback()
    change = database.transaction()
    await change.start()
    await database.execute("ALTER TABLE alarm ALTER COLUMN raised_at TYPE timestamp")
    told = await different(database, previous)
    await change.rollback()
    assert any(name.startswith("management.") for name in told), told


def test_it_is_the_release_that_the_changelog_names_last(previous: Release) -> None:
    assert newest_release((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")) == (previous.version, previous.released)


def test_the_newest_release_is_the_one_that_is_out() -> None:
    assert newest_release("## 0.1.0 (unreleased)\n") == ("0.1.0", False)
    assert newest_release("## 0.2.0 (unreleased)\n\n## 0.1.0\n") == ("0.1.0", True)
    assert newest_release("## 0.2.0\n\n## 0.1.0\n") == ("0.2.0", True)
