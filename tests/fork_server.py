"""A process that has imported the whole service and forks itself for each process that a test asks for.

What runs is what `complaints ...` runs: ``main``, in a process of its own with its own environment, folder, output and command
line, started again by the real supervisor after a real kill. Only the second in which Python imports everything and reads our
statements and words is spent once instead of each time. `tests/platform` starts the programs as a person does.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import inspect
import os
import runpy
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from complaints_service import app
from complaints_service.database import queries
from complaints_service.i18n import LANGUAGES, catalogue, day
from complaints_service.notifications import whatsapp
from complaints_service.notifications.rendering import Renderer
from complaints_service.processes import die_with_parent
from complaints_service.resources import sql_dir
from complaints_service.webhooks import transport

# What a command, web and worker import when they begin, also inside their functions.
IMPORTED = (
    "complaints_service.cli", "complaints_service.app", "complaints_service.serve", "complaints_service.supervisor",
    "complaints_service.doctor", "complaints_service.backup.commands", "complaints_service.backup.point_in_time",
    "complaints_service.dev.local_only", "complaints_service.dev.routes", "complaints_service.dev.whatsapp",
    "aiosmtpd.smtp", "complaints_service.intake.kiosk.commands", "complaints_service.demo.tickets_seed",
    "complaints_service.demo.office_seed", "workers.main", "uvicorn", "uvloop", "httptools", "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop", "uvicorn.protocols.http.httptools_impl", "anyio._backends._asyncio", "certifi", "httpcore",
    "PIL.JpegImagePlugin", "encodings.ascii", "encodings.unicode_escape",
)  # fmt: skip
_PROGRAM = str(Path(sys.executable).with_name("complaints"))
_CATCHER = [sys.executable, "-m", "complaints_service.dev.mail_catcher"]
# What initdb made for the run's own server; a supervisor that was forked takes a copy.
_cluster = sys.argv[2] if __name__ == "__main__" else ""


class Request(msgspec.Struct, frozen=True):
    """A process to be: arguments of `complaints`, and what a new process is given."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str
    own_session: bool


def serve(requests: socket.socket) -> None:
    """Fork for each request that comes, until nobody is left who asks.

    With a request come three descriptors: output, errors, and a socket that is told the process id and how it ended.
    """
    while True:
        text, descriptors, _, _ = socket.recv_fds(requests, 1_000_000, 3)
        if not text:
            return
        # A process between, that only waits: the server itself never has to.
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            server, me = os.getppid(), os.getpid()
            child = os.fork()
            if child == 0:
                _begin(msgspec.json.decode(text, type=Request), me, *descriptors[:2])
            die_with_parent(signal.SIGKILL, server)
            told = socket.socket(fileno=descriptors[2])
            told.send(b"%d" % child)
            told.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            os._exit(0)
        for each in descriptors:
            os.close(each)


def _begin(request: Request, parent: int, output: int, errors: int) -> None:
    def first() -> None:
        if request.own_session:
            os.setsid()
        os.chdir(request.folder)
        die_with_parent(signal.SIGTERM, parent)

    subprocess.Popen = _Forking
    nothing = os.open(os.devnull, os.O_RDONLY)
    _run([_PROGRAM, *request.arguments], request.environment, (nothing, output, errors), first)


class _Forking(subprocess.Popen[Any]):
    """What a supervisor that was forked starts its own programs with: they are forks as well, in every other way its children."""

    def _execute_child(self, *given: Any) -> None:
        what: dict[str, Any] = inspect.signature(super()._execute_child).bind(*given).arguments  # pyright: ignore
        command: list[str] = [os.fspath(part) for part in what["args"]]
        if command[0] != _PROGRAM and command[: len(_CATCHER)] != _CATCHER:
            if Path(command[0]).name == "initdb" and Path(_cluster).is_dir():
                what["args"] = ["cp", "-a", f"{_cluster}/.", command[command.index("--pgdata") + 1]]
            super()._execute_child(*what.values())  # pyright: ignore
            return
        self.pid = os.fork()
        if self.pid == 0:
            _run(command, what["env"], (what["p2cread"], what["c2pwrite"], what["errwrite"]), what["preexec_fn"])
        self._child_created = True
        ends = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(what[end] for end in ends))  # pyright: ignore


def _run(
    command: list[str], environment: dict[str, str], descriptors: tuple[int, int, int], first: Callable[[], None]
) -> None:
    """This process as if it had just been started with the command; never returns."""
    code = 1
    try:
        for usual, given in enumerate(descriptors):
            os.dup2(given, usual)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        first()
        os.environ.clear()
        os.environ.update(environment)
        show_as(command if command[0] == sys.executable else [sys.executable, *command])
        if command[0] == _PROGRAM:
            sys.argv = command
            code = importlib.import_module("complaints_service.cli").main()
        else:
            sys.argv = command[len(_CATCHER) - 1 :]
            del sys.modules[_CATCHER[-1]]
            code = 0
            runpy.run_module(_CATCHER[-1], run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(code or 0)


def show_as(command: list[str]) -> None:
    """What process lists show, written where the kernel reads it; as much of it as there is room."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    begin, end = int(fields[45]), int(fields[46])
    text = b"".join(os.fsencode(part) + b"\0" for part in command)[: end - begin - 1]
    ctypes.memmove(begin, text.ljust(end - begin, b"\0"), end - begin)


def _read_once() -> None:
    """What each process reads once and keeps."""
    for file in (sql_dir() / "queries").glob("*.sql"):
        queries(file.stem)
    for language in LANGUAGES:
        catalogue(language)
        day(date(2026, 1, 5), "Asia/Jakarta", language)
    # Whom other sites are trusted by.
    whatsapp._trusted()
    transport._trusted()
    # The code of mails.
    for escape in (False, True):
        environment = Renderer()._environment("id", "Asia/Jakarta", escape)
        for name in environment.list_templates(extensions=["html"] if escape else ["txt", "jinja"]):
            if name.startswith("email/"):
                environment.get_template(name)
    # A process has one application: its routes are there already, most of the work of its start.
    app.routed_app = functools.cache(app.routed_app)
    app.routed_app(app.Kind(dev=True, https=False))


def main() -> None:
    """Arguments: the descriptor of the socket on which requests come, a cluster, room for the command lines of the forks."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those who wait between are nobody's business
    for name in IMPORTED:
        importlib.import_module(name)
    _read_once()
    # What is shared stays shared: nothing of it is looked at again.
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
