"""The servers from the wheels: they start anywhere, survive being killed, and tell no secrets."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from complaints_service.embedded import EmbeddedServers, throwaway_servers
from complaints_service.processes import Child, ChildFailed


@pytest.fixture(scope="module")
async def servers() -> AsyncGenerator[EmbeddedServers]:
    async with throwaway_servers() as running:
        yield running
    assert not running.data_dir.exists()


async def ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def process_of(child: Child | None) -> int:
    assert child is not None
    assert child.identity is not None
    return child.identity.pid


async def killed(child: Child | None) -> None:
    assert child is not None
    child.kill()
    await child.ended()


async def test_the_application_may_neither_pass_row_security_nor_make_roles(servers: EmbeddedServers) -> None:
    question = "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert await ask(servers.database_url, question) is False
    assert await ask(servers.admin_url, question) is True


async def test_what_is_committed_is_on_the_disk(servers: EmbeddedServers) -> None:
    durable = "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings WHERE name IN ({})"
    names = "'fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums'"
    assert await ask(servers.admin_url, durable.format(names)) == "on on on on"
    assert await ask(servers.admin_url, "SHOW jit") == "off"


async def test_nobody_else_reaches_them(servers: EmbeddedServers) -> None:
    assert await ask(servers.admin_url, "SHOW listen_addresses") == ""
    sockets = servers.data_dir / "run"
    assert sockets.stat().st_mode & 0o077 == 0


async def test_they_stay_in_our_process_group(servers: EmbeddedServers) -> None:
    groups = {os.getpgid(process_of(child)) for child in (servers.postgres, servers.valkey)}
    assert groups == {os.getpgrp()}


async def test_committed_rows_survive_a_kill_of_both(servers: EmbeddedServers) -> None:
    await ask(servers.admin_url, "CREATE TABLE kept AS SELECT 7 AS n")
    await killed(servers.postgres)
    await killed(servers.valkey)
    servers.postgres.program.prepare()
    assert not await servers.postgres.program.ready(), "what a killed server left says nothing about the next one"
    await servers.start()
    assert await ask(servers.admin_url, "SELECT n FROM kept") == 7
    async with Redis.from_url(servers.redis_url) as redis:
        assert await redis.ping()


async def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(servers: EmbeddedServers) -> None:
    await killed(servers.postgres)
    pid_file = servers.data_dir / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    socket_lock = servers.data_dir / "run" / ".s.PGSQL.5432.lock"
    socket_lock.write_text(pid_file.read_text())
    await servers.start()
    assert await ask(servers.database_url, "SELECT 1") == 1


async def test_valkey_gives_up_a_file_that_it_cannot_read(servers: EmbeddedServers) -> None:
    assert servers.valkey is not None
    await servers.valkey.stop()
    for file in (servers.data_dir / "valkey" / "appendonlydir").glob("*"):
        file.write_bytes(b"neither a base nor a log")
    refused = 0
    for _ in range(4):
        try:
            await servers.valkey.start(within=20)
        except ChildFailed:
            refused += 1
        else:
            break
    assert refused == 3
    async with Redis.from_url(servers.redis_url) as redis:
        assert await redis.dbsize() == 0


async def test_the_log_of_postgresql_holds_no_values(servers: EmbeddedServers) -> None:
    await ask(servers.admin_url, "CREATE TABLE once (name text PRIMARY KEY)")
    connection = await asyncpg.connect(servers.admin_url)
    try:
        await connection.execute("INSERT INTO once VALUES ('Sukarelawati')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO once VALUES ('Sukarelawati')")
    finally:
        await connection.close()
    log = (servers.data_dir / "log" / "postgresql.log").read_text()
    assert "duplicate key value" in log
    assert "Sukarelawati" not in log


@pytest.fixture(scope="module")
async def deep(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[EmbeddedServers]:
    """A start far down in the tree, after a first one that was killed while it made the cluster."""
    place = tmp_path_factory.mktemp("deep") / ("d" * 100) / "var"
    servers = EmbeddedServers(place, valkey=False, durable=False)
    (place / "postgres.draft").mkdir()
    (place / "postgres.draft" / "PG_VERSION").write_text("18\n")
    await servers.start()
    yield servers
    await servers.stop()
    shutil.rmtree(servers.sockets)


async def test_a_folder_too_deep_for_a_socket_gets_its_sockets_elsewhere(deep: EmbeddedServers) -> None:
    assert await ask(deep.database_url, "SELECT 1") == 1
    sockets = Path(deep.database_url.partition("host=")[2])
    assert deep.data_dir.parent.parent not in sockets.parents
    assert sockets.stat().st_mode & 0o077 == 0


async def test_a_first_start_that_was_killed_is_begun_again(deep: EmbeddedServers) -> None:
    assert await ask(deep.database_url, "SELECT 1") == 1
    assert not (deep.data_dir / "postgres.draft").exists()
    assert (deep.data_dir / "postgres" / "PG_VERSION").exists()


async def test_stopping_is_a_clean_shutdown(servers: EmbeddedServers) -> None:
    pids = [process_of(child) for child in servers.children]
    told = (servers.data_dir / "log" / "postgresql.log").read_text().count("database system is shut down")
    await servers.stop()
    assert not (servers.data_dir / "postgres" / "postmaster.pid").exists()
    log = (servers.data_dir / "log" / "postgresql.log").read_text()
    assert log.count("database system is shut down") == told + 1
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, signal.SIG_DFL)
