"""`complaints up` as a person starts it: in a process group of its own, on a free port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from tests.forked import Forked, forked, run_forked

PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return candidate.getsockname()[1]


def eventually(holds: Callable[[], bool]) -> bool:
    """True soon after the condition holds; False when it never did."""
    until, pause = time.monotonic() + PATIENCE, 0.02
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(pause)
        pause = min(pause * 1.3, 0.25)
    return False


class ServiceProcess:
    """A service on one DATA_DIR; what it prints is kept."""

    def __init__(self, data_dir: Path, *, program: list[str] | None = None, **variables: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("COMPLAINTS_")},
            "COMPLAINTS_DEV": "1",
            "COMPLAINTS_DATA_DIR": str(data_dir),
            "COMPLAINTS_LISTEN": f"127.0.0.1:{self.port}",
            **variables,
        }
        self.program = program or [str(Path(sys.executable).with_name("complaints"))]
        self.output = data_dir.with_name(data_dir.name + ".out")
        self._process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait for the ready line."""
        with self.output.open("wb") as output:
            self._process = self.begin(output)
        started = self._process
        eventually(lambda: self.says(f"ready {self.address}\n") or started.poll() is not None)
        assert self.says(f"ready {self.address}\n"), self.output.read_text()

    def begin(self, output: IO[bytes]) -> subprocess.Popen[bytes] | Forked:
        """The process itself, the leader of its own group."""
        return subprocess.Popen(
            [*self.program, "up"],
            env=self.environment,
            cwd=self.data_dir.parent,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def says(self, text: str) -> bool:
        return text in self.output.read_text()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another `complaints` command beside it."""
        return self.run_with({}, *arguments)

    def run_with(self, more: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same with further variables."""
        return subprocess.run(
            [*self.program, *arguments],
            env={**self.environment, **more},
            cwd=self.data_dir.parent,
            capture_output=True,
            text=True,
            check=False,
        )

    def status(self, path: str) -> int:
        """The HTTP status of a GET, 0 when nobody answers."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def file(self, complaint: object) -> str:
        """File a complaint by the API; its number."""
        request = urllib.request.Request(
            f"{self.address}/api/v1/complaints",
            json.dumps(complaint).encode(),
            {"Content-Type": "application/json", "Idempotency-Key": os.urandom(8).hex()},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)["number"]

    @property
    def group(self) -> int:
        assert self._process is not None
        return self._process.pid

    def members(self) -> dict[int, str]:
        """Process id and command line of what runs in the group, grandchildren too; zombies do not run."""
        found: dict[int, str] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                state = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(state[2]) == self.group and state[0] not in "ZX":
                    line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(folder.name)] = line.strip()
            except OSError:
                continue
        return found

    def pid_of(self, text: str) -> int | None:
        """The process whose command line holds the text."""
        return next((pid for pid, line in self.members().items() if text in line), None)

    def interrupt(self) -> int:
        """Ctrl-C at the terminal: SIGINT to the whole group. Returns the exit code."""
        os.killpg(self.group, signal.SIGINT)
        return self._wait()

    def signal_alone(self, number: signal.Signals) -> int:
        """A signal to the parent only. Returns the exit code."""
        os.kill(self.group, number)
        return self._wait()

    def stop(self) -> None:
        """End what is left of it, however the test ended."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
                self._wait()
            for pid in self.members():
                os.kill(pid, signal.SIGKILL)

    def _wait(self) -> int:
        assert self._process is not None
        return self._process.wait(PATIENCE)


class ForkedService(ServiceProcess):
    """The same out of the fork server: for tests of what it does, not of how it is started."""

    def begin(self, output: IO[bytes]) -> Forked:
        return forked(["up"], self.environment, folder=self.data_dir.parent, output=output, own_session=True)

    def run_with(self, more: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_forked([*arguments], {**self.environment, **more}, self.data_dir.parent)
