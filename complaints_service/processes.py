"""Child processes that end with their parent and are started again when they end by themselves."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from complaints_service.clock import monotonic

LOG_LIMIT = 8_000_000
FIRST_PAUSE = 0.2
# However long something was away: whoever waits for a supervisor's try and then for one of its own is back within ten seconds.
LONGEST_PAUSE = 4.0
HEALTHY_AFTER = 30.0
_POLL = 0.02

_PR_SET_PDEATHSIG = 1
_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None


class ChildFailed(RuntimeError):
    """A child ended or stayed silent instead of becoming ready; the text ends with its last log lines."""


class Identity(msgspec.Struct, frozen=True):
    """A process that may still run: its id, and the kernel's start tick because ids are used again."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Identity:
        return cls(pid, _start_tick(pid) or "")

    def is_running(self) -> bool:
        tick = _start_tick(self.pid)
        return tick is not None and tick == self.started


class Program(Protocol):
    """What a Child runs. Attributes are read at every start, so that a program may change its mind."""

    name: str
    stop_signal: signal.Signals
    environment: Mapping[str, str] | None

    def prepare(self) -> None:
        """Make the ground ready before a start; may block for a moment. Raises ChildFailed when it cannot."""
        ...

    def command(self) -> list[str]:
        """The program and its arguments."""
        ...

    def become(self) -> None:
        """Run in the new process before the program: drop rights. Must only make system calls."""
        ...

    async def ready(self) -> bool:
        """True once the program does its work."""
        ...


def die_with_parent(stop_signal: int, parent: int) -> None:
    """Ask the kernel to send the signal when the parent ends, however it ends (Linux only)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)
        if os.getppid() != parent:  # it ended between fork and here
            os._exit(1)


def last_signal_taken() -> None:
    """Hold back further requests to end: this process is ending already.

    A second signal (Ctrl-C reaches everybody, then the parent asks too) that arrives while the event loop closes finds
    its wake-up socket closed, and Python prints a traceback about it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})


class Child:
    """One process running a program, in our process group, its output appended to a log file."""

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.log = log
        self.restarts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._started_at = 0.0

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def identity(self) -> Identity | None:
        """The running process, None while there is none."""
        if self._process is None or self._process.poll() is not None:
            return None
        return Identity.of(self._process.pid)

    async def start(self, within: float = 60.0) -> None:
        """Start and wait until ready, at most ``within`` seconds. Raises ChildFailed."""
        self._stopping = False
        self.spawn()
        await self.become_ready(within)

    def spawn(self) -> None:
        """Start without waiting until it is ready. Raises ChildFailed when it cannot be, or runs already."""
        if self.identity is not None:
            raise ChildFailed(f"{self.name} runs already")
        program, parent = self.program, os.getpid()
        program.prepare()

        def in_the_child() -> None:
            program.become()
            # The supervisor says when to end; a Ctrl-C for the whole group must not interrupt half-way.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            die_with_parent(program.stop_signal, parent)

        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        turn_over(self.log)
        with self.log.open("ab") as output:
            try:
                self._process = subprocess.Popen(
                    program.command(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=program.environment,
                    preexec_fn=in_the_child,
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise ChildFailed(f"{self.name} cannot be started: {error}") from error
        self._started_at = monotonic()

    async def become_ready(self, within: float = 60.0) -> None:
        """Wait until the started process is ready. Raises ChildFailed when it ends or the time is over."""
        until = monotonic() + within
        while not await self.program.ready():
            if self._process is None or self._process.poll() is not None:
                raise ChildFailed(f"{self.name} ended instead of starting.\n{last_lines(self.log)}")
            if monotonic() > until:
                raise ChildFailed(f"{self.name} is not ready after {within:g} s.\n{last_lines(self.log)}")
            await asyncio.sleep(_POLL)

    async def keep_running(self, tell: Callable[[str], None], started: Callable[[], None]) -> None:
        """Start the program again whenever it ends, with growing pauses, until ``stop`` is called.

        ``tell`` gets a line for a person each time, ``started`` is called once a new process runs.
        """
        pause = FIRST_PAUSE
        while True:
            await self.ended()
            if self._stopping:
                return
            if monotonic() - self._started_at > HEALTHY_AFTER:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            if self._stopping:
                return
            tell(f"{self.name} ended ({self.how_it_ended()}) and is started again")
            pause = longer(pause)
            self.restarts += 1
            try:
                self.spawn()
                started()
                await self.become_ready()
            except ChildFailed as failure:
                await asyncio.sleep(FIRST_PAUSE)  # a Ctrl-C may have reached the child before us
                if not self._stopping:
                    tell(str(failure))

    async def ended(self) -> None:
        """Wait until the process has ended."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        if _LINUX and hasattr(os, "pidfd_open"):
            descriptor = os.pidfd_open(process.pid)
            loop, over = asyncio.get_running_loop(), asyncio.Event()
            loop.add_reader(descriptor, over.set)
            try:
                await over.wait()
            finally:
                loop.remove_reader(descriptor)
                os.close(descriptor)
            process.wait()
            return
        await asyncio.to_thread(process.wait)

    def expect_end(self) -> None:
        """From now on an end is no crash."""
        self._stopping = True

    async def stop(self, within: float = 5.0) -> None:
        """Ask the process to end, and kill it when it has not after ``within`` seconds."""
        self._stopping = True
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(self.program.stop_signal)
        try:
            async with asyncio.timeout(within):
                await self.ended()
        except TimeoutError:
            process.kill()
            await self.ended()

    def kill(self) -> None:
        """SIGKILL, as a crash would; for tests and for a process that no longer answers."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def how_it_ended(self) -> str:
        code = None if self._process is None else self._process.poll()
        if code is None:
            return "still running"
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def longer(pause: float) -> float:
    """The pause after the next failure in a row."""
    return min(pause * 2, LONGEST_PAUSE)


def end_leftovers(identities: list[Identity], within: float = 5.0) -> None:
    """End processes of an earlier run that was killed; they have already been asked to by the kernel."""
    until = monotonic() + within
    running = [identity for identity in identities if identity.is_running()]
    while running and monotonic() < until:
        time.sleep(_POLL)
        running = [identity for identity in running if identity.is_running()]
    for identity in running:
        os.kill(identity.pid, signal.SIGKILL)


def last_lines(log: Path, lines: int = 15) -> str:
    """The end of a log, as it helps whoever sees a start fail."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_000))
            return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return ""


def turn_over(log: Path) -> None:
    """Keep a log that has grown large as ``<name>.1`` and begin a new one."""
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_name(log.name + ".1"))


def _start_tick(pid: int) -> str | None:
    """When the process started, None when there is none (a zombie counts as none)."""
    if not _LINUX:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return "unknown"
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
