"""A whole service of its own for a benchmark: `complaints up` in a throw-away folder, ended afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator, Iterator
from pathlib import Path

import msgspec

from complaints_service.embedded import RunningServers

ROOT = Path(__file__).parents[1]


class Service(msgspec.Struct, frozen=True):
    """Where it is, what it runs on, and how long it took to answer (seconds)."""

    port: int
    folder: Path
    process: int
    ready_seconds: float

    @property
    def servers(self) -> RunningServers:
        """The addresses of PostgreSQL and Valkey, and the processes."""
        return msgspec.json.decode((self.folder / "servers.json").read_bytes(), type=RunningServers)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(folder: Path, port: int, **settings: str) -> tuple[subprocess.Popen[bytes], float]:
    """Start `complaints up` and wait until it is ready; returns it and the seconds that took."""
    env = {
        **os.environ,
        "COMPLAINTS_DEV": "1",
        "COMPLAINTS_DATA_DIR": str(folder),
        "COMPLAINTS_LISTEN": f"127.0.0.1:{port}",
        "COMPLAINTS_LOG_LEVEL": "warning",
        **{f"COMPLAINTS_{name.upper()}": value for name, value in settings.items()},
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("complaints")), "up"],
        cwd=ROOT,
        env=env,
        stdout=(folder.parent / "up.log").open("ab"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    while process.poll() is None:
        with contextlib.suppress(OSError):
            if urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2).status == 200:
                return process, time.perf_counter() - began
        time.sleep(0.02)
    raise RuntimeError((folder.parent / "up.log").read_text()[-2000:])


def stop(process: subprocess.Popen[bytes]) -> float:
    """Ctrl-C; returns the seconds until everything had ended."""
    began = time.perf_counter()
    os.killpg(process.pid, signal.SIGINT)
    process.wait(30)
    return time.perf_counter() - began


@contextlib.contextmanager
def service(**settings: str) -> Generator[Service]:
    """A fresh service."""
    root = Path(tempfile.mkdtemp(prefix="complaints-bench-"))
    root.chmod(0o711)
    folder = root / "data"
    port = free_port()
    process, seconds = start(folder, port, **settings)
    try:
        yield Service(port, folder, process.pid, seconds)
    finally:
        stop(process)
        shutil.rmtree(root, ignore_errors=True)


def resident_megabytes(supervisor: int) -> dict[str, float]:
    """Memory of a service's processes by what they are (proportional set size, so shared pages count once)."""
    found: dict[str, float] = {}
    for process, kind in _processes(supervisor):
        with contextlib.suppress(OSError):
            rollup = (process / "smaps_rollup").read_text()
            pss = sum(int(row.split()[1]) for row in rollup.splitlines() if row.startswith("Pss:"))
            found[kind] = round(found.get(kind, 0.0) + pss / 1024, 1)
    return found


def cpu_seconds(supervisor: int) -> dict[str, float]:
    """CPU time (user and system) that a service's processes have used so far, by what they are: it does not depend on how busy
    the machine is otherwise, as a rate does."""
    found: dict[str, float] = {}
    for process, kind in _processes(supervisor):
        with contextlib.suppress(OSError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            ticks = sum(int(field) for field in fields[11:15])  # with the children that have ended
            found[kind] = found.get(kind, 0.0) + ticks / os.sysconf("SC_CLK_TCK")
    return found


def _processes(supervisor: int) -> Iterator[tuple[Path, str]]:
    """Everything below the supervisor that is one of ``KINDS``; PostgreSQL's backends leave the process group, so by parent."""
    parents: dict[int, int] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
    below = {supervisor}
    while more := {process for process, parent in parents.items() if parent in below} - below:
        below |= more
    for process in below:
        path = Path("/proc") / str(process)
        with contextlib.suppress(OSError):
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            kind = next((k for k, mark in KINDS.items() if mark in line), None)
            if kind is not None:
                yield path, kind


KINDS = {"web": "complaints web", "worker": "complaints worker", "PostgreSQL": "postgres", "Valkey": "valkey-server"}
