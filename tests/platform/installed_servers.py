"""Servers that are not ours: the machine's PostgreSQL and Redis when they are installed, reached by URL only.

Where the machine has none, the ones of the wheels stand in, so that the way by URL is walked everywhere.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from complaints_service.postgres_server import PostgresProgram
from complaints_service.resources import sql_dir
from complaints_service.system_user import unprivileged_user
from complaints_service.valkey_server import ValkeyProgram


class InstalledProgram:
    """A server of the machine, run as a user that it accepts."""

    stop_signal = signal.SIGINT
    environment: Mapping[str, str] | None = None

    def __init__(self, name: str, command: list[str], folder: Path, socket: Path) -> None:
        self.name = name
        self._command = command
        self._socket = socket
        self._user = unprivileged_user(folder)

    def prepare(self) -> None:
        """Made by the functions below."""

    def command(self) -> list[str]:
        return self._command

    def become(self) -> None:
        if self._user is not None:
            self._user.become(keep_file_access=True)

    async def ready(self) -> bool:
        return self._socket.exists()


def newest_postgres() -> Path | None:
    """The folder of programs of the newest PostgreSQL that Debian installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def postgres_in(folder: Path) -> InstalledProgram | PostgresProgram:
    """A server on a socket in the folder; the machine's own where there is one."""
    programs = newest_postgres()
    data = folder / "postgres"
    if programs is None:
        return PostgresProgram(data, folder, durable=False)
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-h", "", "-c", "fsync=off"]
    program = InstalledProgram("postgresql", command, data, folder / ".s.PGSQL.5432")
    made = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*made, "--locale", "C.UTF-8"], preexec_fn=program.become, check=True, capture_output=True)
    return program


def redis_in(folder: Path) -> InstalledProgram | ValkeyProgram:
    """A server on valkey.sock in the folder; the machine's own where there is one."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        return ValkeyProgram(folder / "valkey", folder)
    socket = folder / "valkey.sock"
    command = [program, "--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", ""]
    return InstalledProgram("redis", command, folder, socket)


def pgbouncer_in(folder: Path) -> InstalledProgram | None:
    """PgBouncer in transaction mode before the server of the folder; None where it is not installed."""
    program = shutil.which("pgbouncer")
    if program is None:
        return None
    people, settings = folder / "userlist.txt", folder / "pgbouncer.ini"
    people.write_text('"complaints_app" ""\n')
    settings.write_text(f"""\
[databases]
complaints = host={folder} port=5432
[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
listen_port = 6432
auth_type = trust
auth_file = {people}
pool_mode = transaction
default_pool_size = 4
""")
    return InstalledProgram("pgbouncer", [program, str(settings)], folder, folder / ".s.PGSQL.6432")


def make_roles(folder: Path) -> None:
    """What an administrator does on a server of his own: run sql/roles.sql."""
    programs = newest_postgres() or PostgresProgram(folder / "postgres", folder).programs
    command = [str(programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(folder), "-U", "postgres"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    subprocess.run([*command, "-f", str(sql_dir() / "roles.sql")], check=True, capture_output=True, env=environment)
