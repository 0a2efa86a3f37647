"""The `complaints` command: starts the service, its parts, and the tasks of whoever runs it.

Exit codes: 0 done, 1 failed, 2 wrong call or settings. A part is imported only by the command that needs it.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from complaints_service.settings import Settings

# Commands whose arguments belong to a part of the service; its ``run(settings, arguments)``, or the function named after the
# colon, gives the exit code.
DELEGATED = {
    "people": ("complaints_service.accounts.commands", "people of the office: add"),
    "kiosk": ("complaints_service.intake.kiosk.commands", "kiosk devices: add, revoke, list"),
    "seed": ("complaints_service.demo", "add realistic tickets: --tickets N"),
    "doctor": (
        "complaints_service.doctor",
        "check the installation; --audit also every promise over all data",
    ),
    "backup": ("complaints_service.backup.commands:run_backup", "database and attachments into one archive"),
    "base-backup": (
        "complaints_service.backup.point_in_time:run_base_backup",
        "the start for recovery to a point in time",
    ),
    "hold-sending": ("complaints_service.backup.commands:run_hold", "hold all messages"),
    "resume-sending": ("complaints_service.backup.commands:run_resume", "send again after a restore"),
}
# Commands that need an empty place: nothing runs there yet, and reading the settings would make a new secret key.
UNCONNECTED = {
    "restore": ("complaints_service.backup.commands:run_restore", "load a backup into an empty place"),
    "recover": ("complaints_service.backup.point_in_time:run_recover", "a base backup and the log up to a moment"),
}
Delegate = Callable[["Settings", list[str]], int]
Seed = Callable[["Settings", str], Awaitable[list[object]]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends a command; nobody needs its traceback
    given = list(sys.argv[1:] if arguments is None else arguments)
    from complaints_service.embedded import NotRunning
    from complaints_service.settings import SettingsError

    try:
        if given and given[0] in DELEGATED:
            return _delegate(given[0], given[1:])
        if given and given[0] in UNCONNECTED:
            return _function(UNCONNECTED[given[0]][0])(given[1:])
        return _run(_parser().parse_args(given))
    except SettingsError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2
    except NotRunning as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="complaints", description="Complaint and feedback service.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="run everything on this machine")
    up.add_argument("--ephemeral", action="store_true", help="with a data directory that is thrown away")
    commands.add_parser("web", help="run one web process")
    commands.add_parser("worker", help="run one worker")
    database = commands.add_parser("db", help="the database: upgrade, check")
    tasks = database.add_subparsers(dest="task", required=True, metavar="TASK")
    upgrade = tasks.add_parser("upgrade", help="apply the migrations that are missing")
    upgrade.add_argument("--office", action="store_true", help="and make the office where there is none")
    check = tasks.add_parser("check", help="exit 1 when migrations are missing")
    for task in (upgrade, check):
        task.add_argument("--json", action="store_true", help="answer for machines")
    settings = commands.add_parser("settings", help="what is set, without secrets")
    settings.add_argument("--markdown", action="store_true", help="the reference page docs/settings.md")
    for name, (_, meaning) in (DELEGATED | UNCONNECTED).items():
        commands.add_parser(name, help=meaning, add_help=False)
    return parser


def _run(call: argparse.Namespace) -> int:
    match call.command:
        case "up":
            return _up(ephemeral=call.ephemeral)
        case "web":
            return _web()
        case "worker":
            return _worker()
        case "settings":
            return _show_settings(markdown=call.markdown)
        case _ if call.task == "check":
            return _check(as_json=call.json)
        case _:
            return _upgrade(office=call.office, as_json=call.json)


def _up(*, ephemeral: bool) -> int:
    import asyncio

    from complaints_service.settings import Settings, SettingsError
    from complaints_service.supervisor import Supervisor

    environment = dict(os.environ)
    throwaway = tempfile.mkdtemp(prefix="complaints-") if ephemeral else None
    try:
        if throwaway is not None:
            environment["COMPLAINTS_DATA_DIR"] = throwaway
        settings = Settings.from_env(environment)
        if problems := settings.missing_to_serve(alone=False):
            raise SettingsError(problems)
        environment["COMPLAINTS_DATA_DIR"] = str(settings.data_dir)
        return asyncio.run(Supervisor(settings, environment).run())
    finally:
        if throwaway is not None:
            shutil.rmtree(throwaway, ignore_errors=True)


def _web() -> int:
    from complaints_service.serve import serve_web

    serve_web(_settings_to_serve())
    return 0


def _worker() -> int:
    settings = _settings_to_serve()
    part = importlib.import_module("workers.main")
    run: Callable[[Settings], int | None] = part.run
    return run(settings) or 0


def _upgrade(*, office: bool, as_json: bool) -> int:
    import asyncio

    import msgspec

    settings = _settings()
    url = settings.admin_database_url
    assert url is not None  # noqa: S101 (_settings has it or raises)

    async def upgrade() -> tuple[list[str], list[object]]:
        from complaints_service import database
        from complaints_service.progress import bar

        applied = await database.upgrade(url, bar())
        if not office:
            return applied, []
        seed: Seed = importlib.import_module("complaints_service.demo").seed
        return applied, await seed(settings, url)

    from complaints_service.migrations import HeldUp

    with contextlib.redirect_stdout(sys.stderr):
        try:
            applied, people = asyncio.run(upgrade())
        except HeldUp as error:
            print(error)
            return 1
    if as_json:
        print(msgspec.json.encode({"applied": applied, "people": people}).decode())
    else:
        print("\n".join(applied) if applied else "the database is up to date")
    return 0


def _check(*, as_json: bool) -> int:
    import asyncio

    import msgspec

    from complaints_service import database

    url = _settings().admin_database_url
    assert url is not None  # noqa: S101 (_settings has it or raises)
    missing = asyncio.run(database.check(url))
    if as_json:
        print(msgspec.json.encode({"missing": missing}).decode())
    else:
        print("\n".join(missing) if missing else "the database is up to date")
    return 1 if missing else 0


def _show_settings(*, markdown: bool) -> int:
    from complaints_service import settings_page
    from complaints_service.settings import Settings

    print(settings_page.reference() if markdown else settings_page.in_force(Settings.from_env()), end="")
    return 0


def _delegate(command: str, arguments: list[str]) -> int:
    settings = _settings()
    run: Delegate = _function(DELEGATED[command][0])
    return run(settings, arguments)


def _function(place: str) -> Callable[..., int]:
    module, _, name = place.partition(":")
    function: Callable[..., int] = getattr(importlib.import_module(module), name or "run")
    return function


def _settings() -> Settings:
    """The settings, connected to the servers of the service that runs on the same DATA_DIR."""
    from complaints_service.embedded import connected
    from complaints_service.settings import Settings

    return connected(Settings.from_env())


def _settings_to_serve() -> Settings:
    from complaints_service.settings import SettingsError

    settings = _settings()
    if problems := settings.missing_to_serve():
        raise SettingsError(problems)
    return settings


if __name__ == "__main__":
    sys.exit(main())
