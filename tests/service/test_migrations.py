"""The runner of migrations on a real database: short locks, interruptions, rows filled in batches (docs/migrations.md)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import structlog
from structlog.testing import LogCapture

from complaints_service import migrations
from complaints_service.migrations import HeldUp, NotRepeatable, apply
from complaints_service.progress import no_progress
from tests.servers import Running, clone_template, on_database

NAME = f"migrated_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
BATCHES = """
DO $$
DECLARE
    done integer := 0;
    many constant integer := (SELECT count(*) FROM parcel);
BEGIN
    LOOP
        UPDATE parcel SET weight = 1 WHERE id IN (SELECT id FROM parcel WHERE weight IS NULL ORDER BY id LIMIT 100);
        EXIT WHEN NOT FOUND;
        COMMIT;
        done := many - (SELECT count(*) FROM parcel WHERE weight IS NULL);
        RAISE NOTICE '% of %', done, many;
        PERFORM slowly();
    END LOOP;
END $$;
"""


@pytest.fixture(scope="module")
async def url(running: Running) -> str:
    await clone_template(running, NAME)
    return on_database(running.admin_url, NAME)


@pytest.fixture
async def database(url: str) -> AsyncIterator[asyncpg.Connection]:
    """With a table of 1,000 parcels and no others of the test before."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "DROP TABLE IF EXISTS parcel; CREATE TABLE parcel (id integer PRIMARY KEY, weight integer);"
        "INSERT INTO parcel (id) SELECT generate_series(1, 1000);"
        "CREATE OR REPLACE FUNCTION slowly() RETURNS void LANGUAGE sql AS 'SELECT'"
    )
    yield connection
    await connection.close()


@pytest.fixture
async def other(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


def a_migration(folder: Path, sql: str, *, transaction: bool = True) -> Path:
    """A folder with one migration that is new in every test."""
    name = f"{folder.name.replace('-', '_')}.sql"
    header = "-- A change\n-- depends: \n" + ("" if transaction else "-- transaction: false\n")
    (folder / name).write_text(f"{header}\n-- migrate: apply\n{sql}\n-- migrate: rollback\nSELECT 1;\n")
    return folder


async def test_it_waits_behind_a_lock_only_for_a_moment_and_comes_again(
    database: asyncpg.Connection, other: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 0.05)
    folder = a_migration(tmp_path, "ALTER TABLE parcel ADD COLUMN colour text;")
    holding = other.transaction()
    await holding.start()
    await other.execute("UPDATE parcel SET weight = 2 WHERE id = 1")
    told = LogCapture()
    monkeypatch.setattr(migrations, "log", structlog.wrap_logger(None, processors=[told]))
    applying = asyncio.create_task(apply(database, folder, no_progress))
    async with asyncio.timeout(20):
        while not any(line["event"] == "migration_held_up" for line in told.entries):  # noqa: ASYNC110 - a log line sets no event
            await asyncio.sleep(0.01)
    await holding.commit()
    assert len(await applying) == 1
    assert await other.fetchval("SELECT count(colour) FROM parcel") == 0


async def test_one_that_does_not_let_go_is_rolled_back_whole_and_told(
    database: asyncpg.Connection, other: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "HELD_SECONDS", 0.1)
    monkeypatch.setattr(migrations, "TRIES", 2)
    folder = a_migration(tmp_path, "ALTER TABLE parcel ADD COLUMN colour text; SELECT pg_sleep(60);")
    with pytest.raises(HeldUp, match="2 tries"):
        await apply(database, folder, no_progress)
    with pytest.raises(asyncpg.UndefinedColumnError):
        await other.fetchval("SELECT colour FROM parcel LIMIT 1")
    assert not await other.fetchval("SELECT count(*) FROM _pogo_migration WHERE migration_id = $1", folder.name)


async def test_an_index_whose_making_was_interrupted_is_made_anew(database: asyncpg.Connection, tmp_path: Path) -> None:
    await database.execute("UPDATE parcel SET weight = 7")
    make = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS parcel_weight ON parcel (weight);"
    folder = a_migration(tmp_path, make, transaction=False)
    with pytest.raises(asyncpg.UniqueViolationError):
        await apply(database, folder, no_progress)
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('parcel_weight')"
    assert await database.fetchval(valid) is False, "what an interruption leaves behind"
    await database.execute("UPDATE parcel SET weight = id")
    assert len(await apply(database, folder, no_progress)) == 1
    assert await database.fetchval(valid) is True


async def test_rows_are_filled_in_batches_that_are_kept_and_gone_on_with_and_tell_how_far_they_are(
    database: asyncpg.Connection, other: asyncpg.Connection, url: str, tmp_path: Path
) -> None:
    folder = a_migration(tmp_path, BATCHES, transaction=False)
    # The third pause lasts until the server is told to stop: as if the machine went down there.
    await database.execute(
        "CREATE OR REPLACE FUNCTION slowly() RETURNS void LANGUAGE sql AS"
        " 'SELECT pg_sleep(CASE WHEN (SELECT count(weight) FROM parcel) = 300 THEN 60 ELSE 0 END)'"
    )
    seen: list[tuple[int, int]] = []
    interrupted = await asyncpg.connect(url)
    applying = asyncio.create_task(apply(interrupted, folder, lambda done, of, _: seen.append((done, of))))
    async with asyncio.timeout(20):
        while (300, 1000) not in seen:  # noqa: ASYNC110 - the progress is a plain list, as the runner calls it
            await asyncio.sleep(0.01)
    await other.execute("SELECT pg_terminate_backend($1)", interrupted.get_server_pid())
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await applying
    assert await other.fetchval("SELECT count(weight) FROM parcel") == 300
    await other.execute("CREATE OR REPLACE FUNCTION slowly() RETURNS void LANGUAGE sql AS 'SELECT'")
    assert len(await apply(database, folder, lambda done, of, _: seen.append((done, of)))) == 1
    assert seen == [(done, 1000) for done in range(100, 1001, 100)]
    assert await other.fetchval("SELECT count(weight) FROM parcel") == 1000


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX parcel_weight ON parcel (weight);",
        "CREATE INDEX CONCURRENTLY parcel_weight ON parcel (weight);",
        "ALTER TABLE parcel ADD COLUMN colour text;",
        "UPDATE parcel SET weight = 1;",
    ],
)
async def test_outside_a_transaction_only_what_can_be_begun_again_is_let_in(
    database: asyncpg.Connection, tmp_path: Path, sql: str
) -> None:
    with pytest.raises(NotRepeatable, match="belongs into a transaction"):
        await apply(database, a_migration(tmp_path, sql, transaction=False), no_progress)
    assert await database.fetchval("SELECT count(weight) FROM parcel") == 0
