"""`complaints backup FILE`: database and attachments of one moment in one archive, beside a running service."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from complaints_service import __version__
from complaints_service.backup.archive import ArchiveWriter
from complaints_service.backup.manifest import (
    ATTACHMENTS,
    DATABASE,
    FORMAT,
    SECRET,
    BackupError,
    Manifest,
    fingerprint,
)
from complaints_service.backup.tools import Tools, tools_for
from complaints_service.database import missing_migrations, queries
from complaints_service.failpoints import fp
from complaints_service.progress import Progress, no_progress

if TYPE_CHECKING:
    from complaints_service.settings import Settings

# Signs of life and sign-ins of another time: who was signed out since must not be signed in again by a restore.
LEFT_OUT = ("heartbeat", "session", "signin_failure")
# Below the attachments' folder: files that no row tells of yet.
INCOMING = "incoming"
_CONNECT_SECONDS = 10


class _Figures(msgspec.Struct, frozen=True):
    tickets: int
    events: int
    messages_waiting: int
    office_time: datetime
    machine_time: datetime
    server_major: int
    unbound: bool


async def make_backup(
    settings: Settings, file: Path, *, with_secret: bool = False, progress: Progress = no_progress
) -> Manifest:
    """Write the archive; returns its manifest. Raises BackupError, and what asyncpg raises when the server is away.

    The dump is one snapshot. Attachments follow it: a file is written before its row is committed and never changed after it, so
    every row of the snapshot finds its file.
    """
    assert settings.admin_database_url is not None  # noqa: S101 (commands come connected)
    connection = await asyncpg.connect(settings.admin_database_url, timeout=_CONNECT_SECONDS)
    try:
        if missing := await missing_migrations(connection):
            raise BackupError(f"the database lacks migrations, from {missing[0]} on: run `complaints db upgrade`")
        with ArchiveWriter(file) as archive:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await queries("backup").see_everything(connection)
                figures = msgspec.convert(dict(await queries("backup").figures(connection)), _Figures)
                if not figures.unbound:
                    await _refuse_blind_tables(connection)
                applied = [row["name"] async for row in queries("backup").applied_migrations(connection)]
                tools = tools_for(figures.server_major)
                await _dump(archive, settings.admin_database_url, connection, tools, progress)
            fp("backup.dumped")
            _attachments(archive, settings.data_dir / ATTACHMENTS, progress)
            if with_secret:
                archive.add_bytes(SECRET, settings.secret_key.hex().encode() + b"\n")
            manifest = Manifest(
                format=FORMAT,
                service_version=__version__,
                made_at=figures.machine_time,
                office_time=figures.office_time,
                server_major=max(figures.server_major, tools.major),
                migrations=applied,
                secret_fingerprint=fingerprint(settings.secret_key),
                with_secret=with_secret,
                tickets=figures.tickets,
                events=figures.events,
                messages_waiting=figures.messages_waiting,
                members=list(archive.members),
            ).sealed()
            archive.finish(manifest)
        return manifest
    finally:
        await connection.close()


async def _refuse_blind_tables(connection: asyncpg.Connection) -> None:
    """A role that row-level security holds dumps what the system's scope shows; a table that hides from it would be cut."""
    if blind := [row["name"] async for row in queries("backup").blind_tables(connection)]:
        raise BackupError(f"{', '.join(blind)}: this role does not see every row; use one with BYPASSRLS")


async def _dump(
    archive: ArchiveWriter, url: str, connection: asyncpg.Connection, tools: Tools, progress: Progress
) -> None:
    sizes = {row["name"]: row["bytes"] async for row in queries("backup").table_sizes(connection)}
    total, done = max(1, sum(sizes.values())), [0]

    def told(line: str) -> None:
        # pg_dump: dumping contents of table "public.ticket"
        if "dumping contents of table" in line:
            table = line.rsplit(".", 1)[-1].strip('"')
            progress(min(done[0], total - 1), total, f"dumping {table}")
            done[0] += sizes.get(table, 0)

    arguments = [
        "--format=custom", "--compress=1", "--no-owner", "--verbose", "--enable-row-security",
        f"--snapshot={await queries('backup').snapshot(connection)}",
        *(f"--exclude-table-data=public.{name}" for name in LEFT_OUT),
    ]  # fmt: skip
    await archive.add_stream(DATABASE, tools.stream("pg_dump", url, arguments, told))
    progress(total, total, "database dumped")


def _attachments(archive: ArchiveWriter, folder: Path, progress: Progress) -> None:
    files = list(_files_below(folder))
    for done, path in enumerate(files):
        progress(done, len(files), "attachments")
        try:
            archive.add_file(f"{ATTACHMENTS}/{path.relative_to(folder).as_posix()}", path)
        except FileNotFoundError:
            continue  # an upload that nobody used was swept meanwhile
    progress(len(files), len(files), f"{len(files)} attachments")


def _files_below(folder: Path) -> Iterator[Path]:
    """Plain files in a fixed order, without what is still being received; links lead elsewhere and are none of ours."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if Path(place, name) != folder / INCOMING)
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path
