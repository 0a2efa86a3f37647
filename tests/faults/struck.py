"""A web or worker process on a database of its own, with one failpoint armed: it is killed there, and another takes its place."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from complaints_service.doctor_audit import GRACE_SECONDS, audit
from tests.faults.service import PLAIN, eventually
from tests.forked import Forked, forked
from tests.platform.service_process import free_port
from tests.service.outbox_room import Room

ROOT = Path(__file__).parents[2]
_CALL = re.compile(r'\bfp\("([a-z._]+)"\)')


def all_failpoints() -> set[str]:
    """Every place in the code, by grep."""
    return {
        name
        for folder in ("complaints_service", "workers")
        for path in (ROOT / folder).rglob("*.py")
        for name in _CALL.findall(path.read_text(encoding="utf-8"))
        if path.name != "failpoints.py"
    }


class Struck:
    """``web`` or ``worker`` beside a room: the same database, mail server and secrets."""

    def __init__(self, room: Room, kind: str) -> None:
        settings = room.services.settings
        self._kind = kind
        self._port = free_port()
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("COMPLAINTS_")},
            "COMPLAINTS_DEV": "1",
            "COMPLAINTS_DATA_DIR": str(settings.data_dir),
            "COMPLAINTS_DATABASE_URL": settings.database_url or "",
            "COMPLAINTS_SECRET_KEY": settings.secret_key.decode(),
            "COMPLAINTS_SMTP_URL": settings.smtp_url or "",
            "COMPLAINTS_MAIL_FROM": settings.mail_from,
            "COMPLAINTS_REDIS_URL": f"unix://{settings.data_dir}/nobody-listens.sock",
            "COMPLAINTS_LISTEN": f"127.0.0.1:{self._port}",
            "COMPLAINTS_SWEEP_SECONDS": "0.3",
            "COMPLAINTS_LEASE_SECONDS": "1.5",
            "COMPLAINTS_OUTBOX_RETRY_MIN_SECONDS": "0.05",
            "COMPLAINTS_OUTBOX_RETRY_MAX_SECONDS": "0.2",
            "COMPLAINTS_POOL_SIZE": "4",
        }
        self._log = settings.data_dir / f"{kind}.log"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @asynccontextmanager
    async def running(self, failpoint: str | None = None) -> AsyncGenerator[Forked]:
        """The process; with a failpoint that kills it. Ended afterwards, if it still runs."""
        more = {"COMPLAINTS_FAILPOINTS": f"{failpoint}:kill"} if failpoint else {}
        with self._log.open("ab") as output:
            process = forked([self._kind], self._environment | more, output=output)
        try:
            if self._kind == "web":
                assert await eventually(self._ready), self._log.read_text()
            yield process
        finally:
            process.terminate()
            await process.end()

    async def dies(self, process: Forked) -> None:
        """Wait until the failpoint has killed it."""
        async with asyncio.timeout(60):
            assert await process.end() == -signal.SIGKILL, self._log.read_text()

    async def _ready(self) -> bool:
        try:
            async with httpx.AsyncClient(base_url=self.address, timeout=5, verify=PLAIN) as client:
                return (await client.get("/health/ready")).status_code == 200
        except httpx.TransportError:
            return False


async def audited(room: Room, grace_seconds: float = GRACE_SECONDS) -> list[str]:
    """What `complaints doctor --audit` finds, in words; ``grace_seconds``: how long work may wait, more where no worker runs."""
    found = await audit(room.admin, grace_seconds=grace_seconds)
    return [f"{one.invariant} {one.row}: {one.what}" for one in found]
