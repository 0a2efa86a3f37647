"""pg_dump and its sisters: the ones that fit the server, and how they are run."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from complaints_service.backup.manifest import BackupError
from complaints_service.postgres_server import installed_programs

CHUNK = 1_048_576
_NEEDED = ("pg_dump", "pg_restore")


class Tools(msgspec.Struct, frozen=True):
    """A folder of programs of one major version."""

    folder: Path
    major: int

    async def stream(
        self, program: str, url: str, arguments: Sequence[str], told: Callable[[str], None]
    ) -> AsyncIterator[bytes]:
        """What the program writes, in chunks; ``told`` gets each line of its log. Raises BackupError with its last lines."""
        process = await self._start(program, url, arguments, stdout=subprocess.PIPE)
        assert process.stdout is not None  # noqa: S101 (asked for above)
        listening = asyncio.create_task(_listen(process, told))
        try:
            while chunk := await process.stdout.read(CHUNK):
                yield chunk
            await self._end(process, program, listening)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def run(self, program: str, url: str, arguments: Sequence[str], told: Callable[[str], None]) -> None:
        """Run it to its end. Raises BackupError with its last lines."""
        process = await self._start(program, url, arguments, stdout=subprocess.DEVNULL)
        listening = asyncio.create_task(_listen(process, told))
        try:
            await self._end(process, program, listening)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def check(self, program: str, arguments: Sequence[str]) -> None:
        """Run a program that needs no server. Raises BackupError with what it says."""
        checking = await asyncio.create_subprocess_exec(
            str(self.folder / program),
            *arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(None),
        )
        said, _ = await checking.communicate()
        if checking.returncode != 0:
            raise BackupError(f"{program} failed: " + " | ".join(said.decode(errors="replace").splitlines()[:4]))

    async def contents(self, dump: Path) -> list[str]:
        """The lines of a dump's table of contents."""
        listed = await asyncio.create_subprocess_exec(
            str(self.folder / "pg_restore"), "--list", str(dump), stdout=subprocess.PIPE, env=_environment(None)
        )
        out, _ = await listed.communicate()
        if listed.returncode != 0:
            raise BackupError("the dump in the archive cannot be read by pg_restore")
        return out.decode().splitlines()

    async def _start(self, program: str, url: str, arguments: Sequence[str], stdout: int) -> asyncio.subprocess.Process:
        public, password = _without_password(url)
        return await asyncio.create_subprocess_exec(
            str(self.folder / program),
            f"--dbname={public}",
            *arguments,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=_environment(password),
        )

    @staticmethod
    async def _end(process: asyncio.subprocess.Process, program: str, listening: asyncio.Task[list[str]]) -> None:
        last = await listening
        if await process.wait() != 0:
            raise BackupError(f"{program} failed: " + " | ".join(last))


async def _listen(process: asyncio.subprocess.Process, told: Callable[[str], None]) -> list[str]:
    """The lines that tell what went wrong: errors and what follows them."""
    assert process.stderr is not None  # noqa: S101 (asked for where it was started)
    last: list[str] = []
    async for raw in process.stderr:
        line = raw.decode(errors="replace").strip()
        told(line)
        if "error:" in line or "FATAL" in line or "detail:" in line or "hint:" in line:
            last = [*last[-3:], line]
    return last


def tools_for(server_major: int) -> Tools:
    """The programs nearest to the server's version that are not older. Raises BackupError that names what was found."""
    found = [tools for folder in _folders() if (tools := _known(folder)) is not None]
    fitting = [tools for tools in found if tools.major >= server_major]
    if fitting:
        return min(fitting, key=lambda tools: tools.major)
    if not found:
        raise BackupError(
            f"pg_dump and pg_restore are not installed: install the client programs of PostgreSQL {server_major}"
        )
    versions = ", ".join(f"{tools.major} in {tools.folder}" for tools in found)
    raise BackupError(
        f"pg_dump is older than the server ({server_major}): found {versions}; install those of {server_major}"
    )


def _folders() -> list[Path]:
    """The machine's programs, those that Debian keeps side by side, and the wheel's."""
    on_path = shutil.which("pg_dump")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    own = installed_programs()
    return [*([Path(on_path).parent] if on_path else []), *debian, *([own] if own is not None else [])]


def _known(folder: Path) -> Tools | None:
    if not all((folder / name).is_file() for name in _NEEDED):
        return None
    try:
        said = subprocess.run(
            [str(folder / "pg_dump"), "--version"], capture_output=True, text=True, check=True, env=_environment(None)
        ).stdout
        # "pg_dump (PostgreSQL) 15.20 (Debian ...)"
        return Tools(folder, int(said.split(") ", 1)[1].split(".", 1)[0].split()[0]))
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return None


def _environment(password: str | None) -> dict[str, str]:
    """No libpq variable of the caller's, no secret of ours; the system's scope for a role that row-level security holds."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "COMPLAINTS_"))}
    own = {"LC_ALL": "C", "PGOPTIONS": "-c app.scope=system", "PGCONNECT_TIMEOUT": "10"}
    return inherited | own | ({"PGPASSWORD": password} if password is not None else {})


def _without_password(url: str) -> tuple[str, str | None]:
    """Arguments are in every process list; the environment is not."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    if not (at and colon):
        return url, None
    return urlunsplit(parts._replace(netloc=f"{name}@{host}")), unquote(password)
