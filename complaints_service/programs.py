"""The processes of the service itself, as the supervisor runs them."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from complaints_service import http_probe
from complaints_service.dev.mail_catcher import NAME, port_file
from complaints_service.settings import Settings


def own_command(*arguments: str) -> list[str]:
    """`complaints ...` of this installation; by the console script, so that process lists read like the manual."""
    script = Path(sys.executable).with_name("complaints")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "complaints_service.cli"]
    return [*program, *arguments]


class OwnProgram:
    """A process of ours that counts as ready once it runs."""

    stop_signal = signal.SIGTERM
    environment: Mapping[str, str] | None

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.environment = environment
        self._command = command

    def prepare(self) -> None:
        """There is nothing to make ready."""

    def command(self) -> list[str]:
        return self._command

    def become(self) -> None:
        """It runs as whoever started us."""

    async def ready(self) -> bool:
        return True


class WebProgram(OwnProgram):
    """The web process: ready when it says so itself."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        super().__init__("web", own_command("web"), environment)
        self._address = settings.listen_host, settings.listen_port
        self._patience = 2 * settings.probe_seconds

    async def ready(self) -> bool:
        try:
            return await http_probe.status_of(*self._address, http_probe.READY, within=5) == 200
        except TimeoutError:
            return False

    async def stands_still(self) -> bool:
        """True when it listens but does not answer, whatever the answer would be: its event loop is blocked."""
        try:
            await http_probe.status_of(*self._address, http_probe.LIVE, self._patience)
        except TimeoutError:
            return True
        return False


class CatcherProgram(OwnProgram):
    """The development mail catcher: ready when it greets."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "complaints_service.dev.mail_catcher", str(data_dir)]
        super().__init__("mail catcher", command, environment)
        self._port = port_file(data_dir)

    async def ready(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(self._port.read_text()))
        except (OSError, ValueError):
            return False
        try:
            async with asyncio.timeout(1):
                return NAME.encode() in await reader.readline()
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()
