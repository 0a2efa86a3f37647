"""Processes of `complaints ...` out of the fork server (tests/fork_server.py), used like those of ``subprocess``."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import msgspec

from tests.fork_server import Request
from tests.servers import VARIABLE, Running

ROOT = Path(__file__).parents[1]
# The kernel shows a process's command line out of the place where the server's own stood.
_ROOM = "-" * 400
_STARTING = threading.Lock()


class Forked:
    """A running process; ``returncode`` is None until it is known that it ended."""

    def __init__(self, told: socket.socket) -> None:
        self._told = told
        self.returncode: int | None = None
        self.pid = int(told.recv(32))

    def poll(self) -> int | None:
        if self.returncode is None:
            self._told.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                self._ended(self._told.recv(32))
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutError."""
        if self.returncode is None:
            self._told.settimeout(timeout)
            self._ended(self._told.recv(32))
        assert self.returncode is not None
        return self.returncode

    async def end(self) -> int:
        """As ``wait``, beside the event loop."""
        if self.returncode is None:
            self._told.setblocking(False)
            self._ended(await asyncio.get_running_loop().sock_recv(self._told, 32))
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _ended(self, told: bytes) -> None:
        assert told, "the fork server is gone"
        self.returncode = int(told)
        self._told.close()


def forked(
    arguments: list[str],
    environment: Mapping[str, str],
    *,
    folder: Path = ROOT,
    output: IO[bytes] | None = None,
    errors: IO[bytes] | None = None,
    own_session: bool = False,
) -> Forked:
    """`complaints` with these arguments in a new process; ``errors`` go to the output when they have no place of their own."""
    request = Request(arguments, dict(environment), str(folder), own_session)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs, Path(os.devnull).open("wb") as nowhere:
        out = output or nowhere
        descriptors = [out.fileno(), (errors or out).fileno(), theirs.fileno()]
        socket.send_fds(_server(), [msgspec.json.encode(request)], descriptors)
    return Forked(ours)


def run_forked(
    arguments: list[str], environment: Mapping[str, str], folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """As ``subprocess.run`` with its output kept."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        code = forked(arguments, environment, folder=folder, output=output, errors=errors).wait()
        for each in (output, errors):
            each.seek(0)
        return subprocess.CompletedProcess(arguments, code, output.read().decode(), errors.read().decode())


@functools.cache
def _started() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The server of this process; it ends when nobody holds the socket any more."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    cluster = msgspec.json.decode(os.environ[VARIABLE], type=Running).cluster if VARIABLE in os.environ else ""
    command = [sys.executable, "-m", "tests.fork_server", str(theirs.fileno()), cluster, _ROOM]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COMPLAINTS_")}
    with theirs:
        nothing, given = subprocess.DEVNULL, [theirs.fileno()]
        return ours, subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=given, stdin=nothing)


def _server() -> socket.socket:
    with _STARTING:
        return _started()[0]
