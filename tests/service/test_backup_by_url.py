"""Backup and restore on a server of the office's own, whose owner of the tables is no superuser and held by row-level security."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from complaints_service.backup.dump import make_backup
from complaints_service.backup.hold import Reason, hold, resume
from complaints_service.backup.manifest import BackupError
from complaints_service.database import upgrade
from complaints_service.demo import seed
from complaints_service.settings import Settings
from complaints_service.tickets import commands as c
from complaints_service.wiring import open_services
from tests.forked import run_forked
from tests.office import TheOffice
from tests.servers import Running, on_database, test_settings

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
OWNER = f"backup_owner_{WORKER}"
TABLES = (
    "ticket",
    "ticket_event",
    "complaint_text",
    "reporter",
    "message",
    "deadline",
    "sla_timer",
    "outbox",
    "person",
    "office",
)


def as_owner(running: Running, name: str) -> str:
    return on_database(running.admin_url, name).replace("//postgres@", f"//{OWNER}@")


@pytest.fixture
async def admin(running: Running) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(running.admin_url)
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", OWNER):
        await connection.execute(f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOBYPASSRLS")
    yield connection
    await connection.close()


async def a_database(admin: asyncpg.Connection, name: str) -> str:
    name = f"{name}_{WORKER}"
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0")
    return name


def settings_on(running: Running, folder: Path, name: str) -> Settings:
    return test_settings(
        folder, on_database(running.database_url, name), None, admin_database_url=as_owner(running, name)
    )


async def a_used_office(running: Running, admin: asyncpg.Connection, folder: Path) -> Settings:
    settings = settings_on(running, folder, await a_database(admin, "backup_source"))
    assert settings.admin_database_url is not None
    await upgrade(settings.admin_database_url)
    people = await seed(settings, settings.admin_database_url, tickets=False)
    services = await open_services(settings, hints=False)
    try:
        office = TheOffice(services, {person.username: person.password for person in people})
        for _ in range(3):
            filed = await office.file()
            await office.act(filed.number, c.Verify(), "petugas")
            await office.act(filed.number, c.Start(), "petugas")
            await office.act(filed.number, c.Ask(text="Mohon nomor berkas Anda"), "petugas")
    finally:
        await services.close()
    photo = settings.data_dir / "attachments" / "ab" / "photo"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"\xff\xd8" * 100)
    incoming = settings.data_dir / "attachments" / "incoming"
    incoming.mkdir()
    (incoming / "half").write_bytes(b"\xff")
    return settings


def complaints(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COMPLAINTS_")} | {
        "COMPLAINTS_DATABASE_URL": settings.database_url or "",
        "COMPLAINTS_ADMIN_DATABASE_URL": settings.admin_database_url or "",
        "COMPLAINTS_SECRET_KEY": settings.secret_key.decode(),
        "COMPLAINTS_DATA_DIR": str(settings.data_dir),
    }
    return run_forked([*arguments, "--json"], environment)


async def counts(admin: asyncpg.Connection, running: Running, settings: Settings) -> dict[str, int]:
    assert settings.database_url is not None
    name = settings.database_url.partition("@/")[2].partition("?")[0]
    connection = await asyncpg.connect(on_database(running.admin_url, name))
    try:
        return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}  # noqa: S608 - own names
    finally:
        await connection.close()


async def test_every_row_comes_back_with_its_rights_and_walls(
    running: Running, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    source = await a_used_office(running, admin, tmp_path / "source")
    archive = tmp_path / "backup.tar"
    manifest = await make_backup(source, archive)
    assert [member.name for member in manifest.members] == ["database.dump", "attachments/ab/photo"]
    target = settings_on(running, tmp_path / "target", await a_database(admin, "backup_target"))
    done = await asyncio.to_thread(complaints, target, "restore", str(archive))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["violations"], report["held"]) == ([], True)
    assert await counts(admin, running, target) == await counts(admin, running, source)
    assert (target.data_dir / "attachments" / "ab" / "photo").read_bytes() == b"\xff\xd8" * 100

    assert target.database_url is not None
    application = await asyncpg.connect(target.database_url)
    try:
        assert await application.fetchval("SELECT count(*) FROM ticket") == 0, "hidden outside any scope"
        for forbidden in ("DELETE FROM ticket", "UPDATE ticket_event SET body = ''", "DELETE FROM sending_hold"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await application.execute(forbidden)
        assert await application.fetchval("SELECT nextval('ticket_number_1')") == 2_001
    finally:
        await application.close()

    again = await asyncio.to_thread(complaints, target, "restore", str(archive))
    assert again.returncode == 1
    assert "is not empty" in again.stderr


async def test_a_table_that_the_owner_does_not_see_whole_is_not_cut_silently(
    running: Running, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    source = await a_used_office(running, admin, tmp_path / "source")
    assert source.admin_database_url is not None
    owner = await asyncpg.connect(source.admin_database_url)
    await owner.execute("DROP POLICY rating_select ON rating")
    await owner.close()
    with pytest.raises(BackupError, match="rating: this role does not see every row"):
        await make_backup(source, tmp_path / "backup.tar")
    assert not list(tmp_path.glob("backup.tar*"))


async def test_a_hold_is_told_once_and_ends_once(running: Running, admin: asyncpg.Connection, tmp_path: Path) -> None:
    source = await a_used_office(running, admin, tmp_path / "source")
    assert source.admin_database_url is not None
    owner = await asyncpg.connect(source.admin_database_url)
    try:
        assert await hold(owner, Reason.BY_HAND)
        assert not await hold(owner, Reason.RESTORED)
        assert await owner.fetchval("SELECT count(*) FROM alarm WHERE cleared_at IS NULL AND key = 'sending_held'") == 1
        assert await resume(owner) is not None
        assert await resume(owner) is None
        assert await owner.fetchval("SELECT count(*) FROM alarm WHERE cleared_at IS NULL") == 0
    finally:
        await owner.close()


async def test_a_database_recovered_by_other_means_is_held_and_its_numbers_jump(
    running: Running, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    source = await a_used_office(running, admin, tmp_path / "source")
    wrong = await asyncio.to_thread(complaints, source, "hold-sending", "--after-restore", "yesterday")
    assert wrong.returncode == 2
    assert "must be an instant with a zone" in wrong.stderr
    held = await asyncio.to_thread(complaints, source, "hold-sending", "--after-restore", "2026-11-24T02:00:00Z")
    jumps = {jump["sequence"]: jump for jump in json.loads(held.stdout)["jumps"]}
    assert jumps["ticket_number_1"]["before"] == 3
    assert jumps["ticket_number_1"]["after"] >= 2_000
    shown = await asyncio.to_thread(complaints, source, "resume-sending", "--dry-run")
    assert json.loads(shown.stdout)["resumed"] is False
    assert {row["kind"] for row in json.loads(shown.stdout)["waiting"]} >= {"receipt"}
    assert json.loads((await asyncio.to_thread(complaints, source, "resume-sending")).stdout)["resumed"] is True
