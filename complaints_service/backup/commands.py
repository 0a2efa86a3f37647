"""`complaints backup`, `restore`, `hold-sending` and `resume-sending`. Exit codes: 0 done, 1 it could not be done, 2 wrong call."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import asyncpg
import msgspec

from complaints_service.backup import hold
from complaints_service.backup.archive import content, open_archive, verify
from complaints_service.backup.dump import make_backup
from complaints_service.backup.manifest import SECRET, BackupError, Manifest, WrongKey
from complaints_service.backup.places import check_key, data_dir_of, empty_data_dir
from complaints_service.backup.restore import Restored, restore_archive, settle
from complaints_service.database import UNAVAILABLE, queries
from complaints_service.embedded import NotRunning
from complaints_service.environment import Environment
from complaints_service.failpoints import arm
from complaints_service.processes import ChildFailed
from complaints_service.progress import bar

if TYPE_CHECKING:
    from complaints_service.settings import Settings

_T = TypeVar("_T")

EXPECTED = (BackupError, NotRunning, ChildFailed, asyncpg.PostgresError, *UNAVAILABLE)


def run_backup(settings: Settings, arguments: list[str]) -> int:
    """``complaints backup FILE``."""
    parser = argparse.ArgumentParser(
        prog="complaints backup", description="Database and attachments in one archive, beside a running service."
    )
    parser.add_argument("file", type=Path, help="the archive to make; it must not exist")
    parser.add_argument(
        "--with-secret", action="store_true", help="put the secret key into it: guard the archive as the key"
    )
    call = parsed(parser, arguments)
    arm(settings.failpoints)
    file = call.file.absolute()

    def make() -> int:
        manifest = asyncio.run(make_backup(settings, file, with_secret=call.with_secret, progress=bar()))
        tell(call.json, manifest, _lines_of_backup(file, manifest))
        return 0

    return guarded(make)


def run_restore(arguments: list[str]) -> int:
    """``complaints restore FILE``: before any setting is read, because reading them makes a new secret key."""
    parser = argparse.ArgumentParser(
        prog="complaints restore",
        description="Load an archive into an empty data directory or database; sends nothing.",
    )
    parser.add_argument("file", type=Path, help="the archive")
    parser.add_argument("--resume-sending", action="store_true", help="send what is owed if the audit finds nothing")
    call = parsed(parser, arguments)
    return guarded(lambda: _restore(call))


def _restore(call: argparse.Namespace) -> int:
    from complaints_service.settings import Settings

    file, progress = call.file.absolute(), bar()
    manifest, places = open_archive(file)
    verify(file, manifest, places, progress)
    kept = bytes.fromhex(content(file, places[SECRET]).decode("ascii").strip()) if SECRET in places else None
    embedded = Environment(os.environ).text("DATABASE_URL") is None
    with empty_data_dir(data_dir_of(os.environ), embedded=embedded) as folder:
        check_key(os.environ, folder, manifest.secret_fingerprint, file, kept)
        settings = Settings.from_env()
        arm(settings.failpoints)
        restored = asyncio.run(
            restore_archive(settings, file, manifest, places, resume=call.resume_sending, progress=progress)
        )
    return tell_restored(call.json, restored, f"restored {manifest.tickets} tickets from {file}")


def run_hold(settings: Settings, arguments: list[str]) -> int:
    """``complaints hold-sending``."""
    parser = argparse.ArgumentParser(
        prog="complaints hold-sending", description="Hold all messages until `complaints resume-sending`."
    )
    parser.add_argument(
        "--after-restore",
        metavar="TIME",
        help="the database was restored by other means and knows nothing after this time (2026-11-24T02:00:00Z): "
        "numbers jump ahead too. Run it before web and workers start",
    )
    call = parsed(parser, arguments)
    known_until = Environment({"COMPLAINTS_AFTER_RESTORE": call.after_restore or ""})
    instant = known_until.instant("AFTER_RESTORE")
    if known_until.problems:
        parser.error("--after-restore: must be an instant with a zone, for example 2026-11-24T02:00:00Z")
    url = _admin_url(settings)

    def do() -> int:
        if instant is not None:
            settled = asyncio.run(settle(url, instant))
            tell(call.json, settled, [*_lines_of_jumps(settled.jumps), "sending is held: `complaints resume-sending`"])
            return 0
        made = asyncio.run(_with(url, lambda connection: hold.hold(connection, hold.Reason.BY_HAND)))
        tell(call.json, {"held": True, "new": made}, ["sending is held" if made else "sending was held already"])
        return 0

    return guarded(do)


def run_resume(settings: Settings, arguments: list[str]) -> int:
    """``complaints resume-sending``."""
    parser = argparse.ArgumentParser(
        prog="complaints resume-sending",
        description="Send what is still owed, oldest first. --dry-run only shows what waits.",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what waits and change nothing")
    call = parsed(parser, arguments)

    async def do(connection: asyncpg.Connection) -> tuple[list[hold.Waiting], bool]:
        waits = await hold.waiting(connection)
        return waits, not call.dry_run and await hold.resume(connection) is not None

    def resume() -> int:
        waits, resumed = asyncio.run(_with(_admin_url(settings), do))
        said = "sending goes on" if resumed else "nothing was changed" if call.dry_run else "sending was not held"
        tell(call.json, {"resumed": resumed, "waiting": waits}, [*_lines_of_waiting(waits), said])
        return 0

    return guarded(resume)


def tell_restored(as_json: bool, restored: Restored, what: str) -> int:
    """What was done and what a person has to do now; the exit code."""
    lines = [what, *_lines_of_jumps(restored.jumps)]
    if restored.migrated:
        lines.append(f"migrations applied: {', '.join(restored.migrated)}")
    lines += [f"broken: {v.invariant}, office {v.office}, {v.row}: {v.what}" for v in restored.violations]
    lines += _lines_of_waiting(restored.waiting)
    if restored.held:
        lines.append("sending is held: nothing leaves until somebody runs `complaints resume-sending`")
    else:
        lines.append("sending goes on")
    tell(as_json, restored, lines)
    return 1 if restored.violations else 0


async def _with(url: str, work: Callable[[asyncpg.Connection], Awaitable[_T]]) -> _T:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await queries("backup").see_everything(connection)
        return await work(connection)
    finally:
        await connection.close()


def parsed(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    parser.add_argument("--json", action="store_true", help="answer for machines")
    return parser.parse_args(arguments)


def guarded(work: Callable[[], int]) -> int:
    try:
        return work()
    except WrongKey as error:
        print(error, file=sys.stderr)
        return 2
    except EXPECTED as error:
        print(f"{error}" or type(error).__name__, file=sys.stderr)
        return 1


def _admin_url(settings: Settings) -> str:
    assert settings.admin_database_url is not None  # noqa: S101 (commands come connected)
    return settings.admin_database_url


def tell(as_json: bool, value: object, lines: list[str]) -> None:
    print(msgspec.json.encode(value).decode() if as_json else "\n".join(lines))


def _lines_of_backup(file: Path, manifest: Manifest) -> list[str]:
    size = sum(member.size for member in manifest.members)
    key = (
        "with its secret key: guard it well"
        if manifest.with_secret
        else f"without the secret key {manifest.secret_fingerprint}"
    )
    return [
        f"{file}: {manifest.tickets} tickets, {len(manifest.members)} files, {size / 1e6:.1f} MB, {key}",
        f"as of {manifest.made_at.isoformat(timespec='seconds')}",
    ]


def _lines_of_jumps(jumps: list[hold.Jump]) -> list[str]:
    return [
        f"{jump.sequence} jumps from {jump.before} to {jump.after}: numbers given after the backup must not be given again"
        for jump in jumps
        if jump.sequence.startswith("ticket_number_")
    ] + [f"{sum(not j.sequence.startswith('ticket_number_') for j in jumps)} other sequences jump ahead"]


def _lines_of_waiting(waiting: list[hold.Waiting]) -> list[str]:
    if not waiting:
        return ["no message waits"]
    return [
        f"waiting: {w.many} {w.kind} by {w.way}, the oldest since {w.oldest.isoformat(timespec='minutes')}"
        for w in waiting
    ]
