"""The service on servers of somebody else, given by URL: the machine's PostgreSQL, PgBouncer and Redis."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from complaints_service.dev.mail_catcher import read_mails
from complaints_service.processes import Child
from tests.platform.installed_servers import make_roles, pgbouncer_in, postgres_in, redis_in
from tests.platform.service_process import ForkedService, eventually

COMPLAINT = {
    "description": "Paspor saya belum jadi padahal sudah sepuluh hari menunggu.",
    "reporter": {"name": "Siti Rahma", "email": "siti@example.org"},
}


@pytest.fixture
async def folder() -> AsyncGenerator[Path]:
    """A folder that the machine's servers may use, with PostgreSQL, PgBouncer (when installed) and Redis running."""
    place = Path(tempfile.mkdtemp(prefix="complaints-"))
    sockets = place / "s"
    sockets.mkdir()
    sockets.chmod(0o777)
    programs = [postgres_in(sockets), redis_in(sockets), pgbouncer_in(sockets)]
    children = [Child(program, place / f"{program.name}.log") for program in programs if program is not None]
    try:
        for child in children:
            await child.start(within=30)
        yield sockets
    finally:
        for child in reversed(children):
            await child.stop()
        shutil.rmtree(place)


async def test_a_complaint_goes_its_way_on_servers_given_by_url(folder: Path, tmp_path: Path) -> None:
    make_roles(folder)
    pooled = (folder / ".s.PGSQL.6432").exists()
    owner = f"postgresql://postgres@/complaints?host={folder}"
    service = ForkedService(
        tmp_path / "var",
        COMPLAINTS_DATABASE_URL=f"postgresql://complaints_app@/complaints?host={folder}&port={6432 if pooled else 5432}",
        COMPLAINTS_PGBOUNCER="1" if pooled else "0",
        COMPLAINTS_ADMIN_DATABASE_URL=owner,
        COMPLAINTS_REDIS_URL=f"unix://{folder}/valkey.sock",
        COMPLAINTS_SECRET_KEY="a key that is long enough for a test",
    )
    try:
        service.start()
        assert not (tmp_path / "var" / "postgres").exists()
        assert not (tmp_path / "var" / "valkey").exists()
        number = service.file(COMPLAINT)
        assert eventually(lambda: any(mail.to == ["siti@example.org"] for mail in read_mails(tmp_path / "var")))
        connection = await asyncpg.connect(owner)
        try:
            assert await connection.fetchval("SELECT count(*) FROM ticket WHERE number = $1", number) == 1
        finally:
            await connection.close()
        assert any(number in mail.text for mail in read_mails(tmp_path / "var"))
        service.interrupt()
    finally:
        service.stop()
