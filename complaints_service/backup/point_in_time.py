"""`complaints base-backup` and `complaints recover`: the embedded server as it was at any moment since a base backup.

Needs COMPLAINTS_WAL_ARCHIVE while the service runs: PostgreSQL copies its log there, at the latest a minute after it was written.
What follows a restore follows a recovery too: sending is held, numbers jump ahead, the audit runs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from complaints_service import __version__
from complaints_service.backup.commands import guarded, parsed, tell, tell_restored
from complaints_service.backup.manifest import ATTACHMENTS, BackupError, fingerprint
from complaints_service.backup.places import RESTORING, check_key, data_dir_of, empty_data_dir, moved_into_place
from complaints_service.backup.restore import Restored, Urls, finish, settle
from complaints_service.backup.tools import tools_for
from complaints_service.database import queries
from complaints_service.embedded import EmbeddedServers
from complaints_service.environment import Environment
from complaints_service.intake.attachments.storage import Storage
from complaints_service.postgres_server import PostgresProgram
from complaints_service.progress import Progress, bar

if TYPE_CHECKING:
    from complaints_service.settings import Settings

_ABOUT = "base.json"
_CLUSTER = "postgres"
# Replaying the log of a day takes minutes.
_RECOVERY_SECONDS = 86_400.0


class Base(msgspec.Struct, frozen=True):
    """What is written into a base backup last; ``made_at`` is machine time (UTC)."""

    service_version: str
    made_at: datetime
    server_major: int
    secret_fingerprint: str


def run_base_backup(settings: Settings, arguments: list[str]) -> int:
    """``complaints base-backup FOLDER``."""
    parser = argparse.ArgumentParser(
        prog="complaints base-backup",
        description="Copy the embedded server's files while it runs, for `complaints recover`.",
    )
    parser.add_argument("folder", type=Path, help="where to; it must not exist")
    call = parsed(parser, arguments)
    folder = call.folder.absolute()

    def make() -> int:
        base = asyncio.run(_copy(settings, folder, bar()))
        tell(
            call.json,
            base,
            [f"{folder}: recovery is possible to any moment after {base.made_at.isoformat(timespec='seconds')}"],
        )
        return 0

    return guarded(make)


async def _copy(settings: Settings, folder: Path, progress: Progress) -> Base:
    assert settings.admin_database_url is not None  # noqa: S101 (commands come connected)
    if folder.exists():
        raise BackupError(f"{folder}: is there already; a backup overwrites nothing")
    connection = await asyncpg.connect(settings.admin_database_url, timeout=10)
    try:
        major: int = (await queries("backup").whoami(connection))["server_major"]
        if await queries("backup").archiving(connection) != "on":
            raise BackupError("the server archives no log: set COMPLAINTS_WAL_ARCHIVE and start the service anew")
        folder.mkdir(mode=0o700, parents=True)
        progress(0, 2, "copying the server's files")
        arguments = [
            f"--pgdata={folder / _CLUSTER}",
            "--checkpoint=fast",
            "--wal-method=stream",
            "--manifest-checksums=SHA256",
        ]
        await tools_for(major).run("pg_basebackup", settings.admin_database_url, arguments, lambda _line: None)
        base = Base(
            __version__, await queries("backup").machine_time(connection), major, fingerprint(settings.secret_key)
        )
    finally:
        await connection.close()
    (folder / _ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(base)))
    progress(2, 2, "copied")
    return base


def run_recover(arguments: list[str]) -> int:
    """``complaints recover FOLDER --wal FOLDER``."""
    parser = argparse.ArgumentParser(
        prog="complaints recover",
        description="Make the embedded server anew in an empty data directory, as it was at a moment. Sends nothing.",
    )
    parser.add_argument("folder", type=Path, help="a base backup")
    parser.add_argument("--wal", type=Path, required=True, help="the archive of the log (COMPLAINTS_WAL_ARCHIVE)")
    parser.add_argument(
        "--until", metavar="TIME", help="the moment (2026-11-24T02:00:00Z); without it the end of the log"
    )
    parser.add_argument("--attachments", type=Path, help="the attachments' folder, to be copied")
    parser.add_argument("--resume-sending", action="store_true", help="send what is owed if the audit finds nothing")
    call = parsed(parser, arguments)
    moment = Environment({"COMPLAINTS_UNTIL": call.until or ""})
    until = moment.instant("UNTIL")
    if moment.problems:
        parser.error("--until: must be an instant with a zone, for example 2026-11-24T02:00:00Z")
    return guarded(lambda: _recover(call, until))


def _recover(call: argparse.Namespace, until: datetime | None) -> int:
    from complaints_service.settings import Settings

    folder, wal = call.folder.absolute(), call.wal.absolute()
    base = _base_in(folder)
    if Environment(os.environ).text("DATABASE_URL") is not None:
        raise BackupError(
            "recover makes the embedded server anew; a server given by URL is recovered by whoever runs it"
        )
    if until is not None and until < base.made_at:
        raise BackupError(f"{folder}: was made at {base.made_at.isoformat()}, after the moment that is asked for")
    if not wal.is_dir():
        raise BackupError(f"{wal}: is no folder")
    progress = bar()
    with empty_data_dir(data_dir_of(os.environ), embedded=True) as data_dir:
        check_key(os.environ, data_dir, base.secret_fingerprint, folder, None)
        settings = Settings.from_env()
        room = data_dir / RESTORING
        if call.attachments is not None:
            shutil.copytree(call.attachments, room / ATTACHMENTS)
        recovered = asyncio.run(_replay(settings, folder, base, wal, until, call.resume_sending, progress))
    return tell_restored(call.json, recovered, f"recovered as of {recovered.known_until.isoformat()}")


def _base_in(folder: Path) -> Base:
    try:
        return msgspec.json.decode((folder / _ABOUT).read_bytes(), type=Base)
    except FileNotFoundError as error:
        raise BackupError(f"{folder}: is no finished base backup: it has no {_ABOUT}") from error
    except (OSError, msgspec.DecodeError) as error:
        raise BackupError(f"{folder}: its {_ABOUT} cannot be read") from error


async def _replay(
    settings: Settings, folder: Path, base: Base, wal: Path, until: datetime | None, resume: bool, progress: Progress
) -> Restored:
    room = settings.data_dir / RESTORING
    await tools_for(base.server_major).check("pg_verifybackup", ["--quiet", "--no-parse-wal", str(folder / _CLUSTER)])
    progress(0, 3, "copying the base backup")
    servers = EmbeddedServers(room, valkey=False)
    cluster = room / "postgres"
    shutil.copytree(folder / _CLUSTER, cluster)
    settled_conf = (cluster / "postgresql.auto.conf").read_bytes()
    lines = [f"restore_command = {_quoted(f'cp {_shell(wal)}/%f %p')}", "recovery_target_action = 'promote'"]
    if until is not None:
        lines.append(f"recovery_target_time = '{until.isoformat()}'")
    (cluster / "postgresql.auto.conf").write_bytes(settled_conf + "\n".join(["", *lines, ""]).encode())
    (cluster / "recovery.signal").touch()
    PostgresProgram(room, servers.sockets).own(cluster)
    progress(1, 3, "replaying the log")
    try:
        await servers.start(_RECOVERY_SECONDS)
        known_until = await _came_to(servers.admin_url) or base.made_at
        settled = await settle(servers.admin_url, known_until)
        urls = Urls(servers.admin_url, servers.database_url)
        storage = Storage(room) if (room / ATTACHMENTS).exists() else None
        recovered = await finish(
            settings, urls, known_until, settled, resume=resume, storage=storage, progress=progress
        )
    finally:
        await servers.stop(60)
        shutil.rmtree(servers.sockets, ignore_errors=True)
    (cluster / "postgresql.auto.conf").write_bytes(settled_conf)
    moved_into_place(settings.data_dir)
    return recovered


async def _came_to(admin_url: str) -> datetime | None:
    """The last transaction that was replayed, once the server has ended its recovery."""
    connection = await asyncpg.connect(admin_url, timeout=10)
    try:
        while await queries("backup").recovering(connection):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.1)
        return await queries("backup").replayed_until(connection)
    finally:
        await connection.close()


def _shell(folder: Path) -> str:
    return shlex.quote(str(folder)).replace("%", "%%")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
