"""`complaints restore FILE`: onto an empty place only, checked before and audited after, and nothing is sent.

The rights of the application's role come last: a restore that was interrupted leaves tables that no web or worker process can read.
On the embedded server everything is made in DATA_DIR/restoring and moved into place at the end.
"""

from __future__ import annotations

import asyncio
import shutil
import tarfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from complaints_service.backup import hold
from complaints_service.backup.archive import extract, extract_all
from complaints_service.backup.manifest import ATTACHMENTS, DATABASE, BackupError, Manifest
from complaints_service.backup.places import RESTORING, moved_into_place
from complaints_service.backup.tools import Tools, tools_for
from complaints_service.database import queries, upgrade
from complaints_service.doctor_audit import GRACE_SECONDS, Violation, audit, audit_connections
from complaints_service.embedded import EmbeddedServers
from complaints_service.failpoints import fp
from complaints_service.intake.attachments.storage import Storage
from complaints_service.progress import Progress, no_progress
from complaints_service.resources import sql_dir

if TYPE_CHECKING:
    from complaints_service.settings import Settings

_CONNECT_SECONDS = 10
_JOBS = 2


class Urls(msgspec.Struct, frozen=True):
    """Where the data go: as the owner of the tables and as the application."""

    admin: str
    application: str


class Settled(msgspec.Struct, frozen=True):
    """``missing``: the time of which the data know nothing."""

    missing: timedelta
    jumps: list[hold.Jump]


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. ``violations``: what the audit found; ``held``: nothing is sent."""

    known_until: datetime
    migrated: list[str]
    jumps: list[hold.Jump]
    waiting: list[hold.Waiting]
    violations: list[Violation]
    held: bool


async def restore_archive(
    settings: Settings,
    file: Path,
    manifest: Manifest,
    places: dict[str, tarfile.TarInfo],
    *,
    resume: bool = False,
    progress: Progress = no_progress,
) -> Restored:
    """Load a checked archive into an empty place. Raises BackupError and what asyncpg raises.

    ``resume``: send at once if the audit finds nothing.
    """
    room = settings.data_dir / RESTORING
    async with _database(settings, room) as urls:
        tools = await _refuse_what_does_not_fit(urls.admin, manifest, file)
        dump = room / DATABASE
        extract(file, places[DATABASE], dump)
        await _load(tools, urls.admin, dump, progress)
        fp("restore.loaded")
        files = [(name, place) for name, place in places.items() if name.startswith(f"{ATTACHMENTS}/")]
        await asyncio.to_thread(extract_all, file, files, room, progress)
        settled = await settle(urls.admin, manifest.made_at)
        fp("restore.held")
        await _give_rights(tools, urls.admin, dump)
        fp("restore.rights")
        restored = await finish(
            settings, urls, manifest.made_at, settled, resume=resume, storage=Storage(room), progress=progress
        )
    moved_into_place(settings.data_dir)
    return restored


async def settle(admin_url: str, known_until: datetime) -> Settled:
    """Hold all sending and set the sequences ahead of what was given after ``known_until`` (machine time)."""
    connection = await asyncpg.connect(admin_url, timeout=_CONNECT_SECONDS)
    try:
        await queries("backup").see_everything(connection)
        now: datetime = await queries("backup").machine_time(connection)
        missing = max(timedelta(0), now - known_until)
        await hold.hold(connection, hold.Reason.RESTORED)
        return Settled(missing, await hold.jump_ahead(connection, missing))
    finally:
        await connection.close()


async def finish(
    settings: Settings,
    urls: Urls,
    known_until: datetime,
    settled: Settled,
    *,
    resume: bool,
    storage: Storage | None,
    progress: Progress = no_progress,
) -> Restored:
    """Migrate, analyze, audit as the application; with ``resume`` and nothing found, let sending go.

    ``storage``: where the attachments lie by now; None: they come later.
    """
    migrated = await upgrade(urls.admin)
    connection = await asyncpg.connect(urls.admin, timeout=_CONNECT_SECONDS)
    try:
        await queries("backup").see_everything(connection)
        progress(0, 1, "analyzing")
        await queries("backup").analyze(connection)
        violations = await _audited(settings, urls.application, settled.missing, storage, progress)
        waiting = await hold.waiting(connection)
        held = violations != [] or not resume
        if not held:
            await hold.resume(connection)
    finally:
        await connection.close()
    return Restored(
        known_until=known_until,
        migrated=migrated,
        jumps=settled.jumps,
        waiting=waiting,
        violations=violations,
        held=held,
    )


async def _audited(
    settings: Settings, url: str, missing: timedelta, storage: Storage | None, progress: Progress
) -> list[Violation]:
    """Also shows that the application has its rights. What became due in the time that is missing may still be due."""
    try:
        async with audit_connections(settings, url) as looking:
            grace = GRACE_SECONDS + missing.total_seconds()
            return await audit(
                looking[0], grace, progress, beside=looking[1:], storage=storage, whole_files=storage is not None
            )
    except asyncpg.InsufficientPrivilegeError as error:
        reason = "the backup gives the application's role no rights: the office it comes from had no such role"
        raise BackupError(f"{reason} ({error})") from error


@asynccontextmanager
async def _database(settings: Settings, room: Path) -> AsyncGenerator[Urls]:
    """The server given by URL, else an embedded one in the room of the restore, which ends afterwards."""
    if settings.database_url is not None:
        assert settings.admin_database_url is not None  # noqa: S101 (it follows from the other)
        yield Urls(settings.admin_database_url, settings.database_url)
        return
    servers = EmbeddedServers(room, valkey=False)
    await servers.start()
    try:
        yield Urls(servers.admin_url, servers.database_url)
    finally:
        await servers.stop(60)
        shutil.rmtree(servers.sockets, ignore_errors=True)


async def _refuse_what_does_not_fit(admin_url: str, manifest: Manifest, file: Path) -> Tools:
    """The database is empty, its server not older than the backup's, and this version knows every migration in it."""
    connection = await asyncpg.connect(admin_url, timeout=_CONNECT_SECONDS)
    try:
        here = await queries("backup").whoami(connection)
        if await queries("backup").tables_there(connection):
            raise BackupError(f"the database {here['database_name']} is not empty: make a new one and name it by URL")
        major: int = here["server_major"]
        if major < manifest.server_major:
            reason = f"comes from PostgreSQL {manifest.server_major}, the server here is {major}"
            raise BackupError(f"{file}: {reason}: it must not be older")
        known = {path.stem for path in (sql_dir() / "migrations").glob("*.sql")}
        if unknown := sorted(set(manifest.migrations) - known):
            reason = f"was made by a newer version ({manifest.service_version}, migration {unknown[0]})"
            raise BackupError(f"{file}: {reason}: install that version first")
        await queries("backup").make_app_role(connection)
        return tools_for(major)
    finally:
        await connection.close()


async def _load(tools: Tools, admin_url: str, dump: Path, progress: Progress) -> None:
    """Tables, rows, keys, indexes and policies; no rights."""
    steps = [line for line in await tools.contents(dump) if line and not line.startswith(";")]
    done = [0]

    def told(line: str) -> None:
        if "processing data for table" in line or "creating" in line:
            done[0] = min(done[0] + 1, len(steps) - 1)
            progress(done[0], len(steps), "loading the database")

    # Row security stays on (in the system's scope): an owner that it holds could not check foreign keys otherwise.
    arguments = ["--exit-on-error", "--no-owner", "--no-acl", "--enable-row-security", "--verbose"]
    arguments += [f"--jobs={await _jobs(admin_url)}", str(dump)]
    await tools.run("pg_restore", admin_url, arguments, told)
    progress(len(steps), len(steps), "database loaded")


async def _jobs(admin_url: str) -> int:
    """How many steps may be taken side by side.

    One, for an owner that row security holds: a foreign key that is checked after the table it points to was closed, but before its
    own table was, finds every row of the latter pointing nowhere. In the order of the dump keys come before row security.
    """
    connection = await asyncpg.connect(admin_url, timeout=_CONNECT_SECONDS)
    try:
        return _JOBS if await queries("backup").unbound(connection) else 1
    finally:
        await connection.close()


async def _give_rights(tools: Tools, admin_url: str, dump: Path) -> None:
    """The grants of the dump, as this server's owner gives them; nothing where there is no application's role."""
    connection = await asyncpg.connect(admin_url, timeout=_CONNECT_SECONDS)
    try:
        here = await queries("backup").whoami(connection)
        if not here["has_app_role"]:
            return
        await queries("backup").default_rights_on_tables(connection)
        await queries("backup").default_rights_on_sequences(connection)
    finally:
        await connection.close()
    # "215; 0 0 ACL public TABLE ticket postgres"; DEFAULT ACL is bound to the other server's owner.
    chosen = [line for line in await tools.contents(dump) if line.partition("; ")[2].split(" ")[2:3] == ["ACL"]]
    listed = dump.with_name("rights.list")
    listed.write_text("\n".join(chosen) + "\n", encoding="utf-8")
    arguments = ["--exit-on-error", "--no-owner", f"--use-list={listed}", str(dump)]
    await tools.run("pg_restore", admin_url, arguments, lambda _line: None)
