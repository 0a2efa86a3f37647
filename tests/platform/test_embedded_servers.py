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


async def test_a_folder_too_deep_for_a_socket_gets_its_sockets_elsewhere(tmp_path: Path) -> None:
    servers = EmbeddedServers(tmp_path / ("d" * 100) / "var", valkey=False, durable=False)
    await servers.start()
    try:
        assert await ask(servers.database_url, "SELECT 1") == 1
        sockets = Path(servers.database_url.partition("host=")[2])
        assert tmp_path not in sockets.parents
        assert sockets.stat().st_mode & 0o077 == 0
    finally:
        await servers.stop()
    shutil.rmtree(sockets)


async def test_a_first_start_that_was_killed_is_begun_again(tmp_path: Path) -> None:
    draft = tmp_path / "postgres.draft"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    servers = EmbeddedServers(tmp_path, valkey=False, durable=False)
    await servers.start()
    try:
        assert await ask(servers.database_url, "SELECT 1") == 1
    finally:
        await servers.stop()
    assert not draft.exists()


async def test_stopping_is_a_clean_shutdown(tmp_path: Path) -> None:
    async with throwaway_servers(durable=False) as servers:
        pids = [process_of(child) for child in servers.children]
        folder = servers.data_dir
        await servers.stop()
        assert not (folder / "postgres" / "postmaster.pid").exists()
        assert "database system is shut down" in (folder / "log" / "postgresql.log").read_text()
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, signal.SIG_DFL)
    assert not folder.exists()
