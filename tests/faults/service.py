"""`complaints up` as seen from outside: its API, its mails, its database, and the processes that can be hurt.

Its processes come out of the fork server, and its data begin as a copy of an office that was made once for the run.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec

from complaints_service.dev.mail_catcher import CaughtMail, read_mails
from complaints_service.embedded import servers_for
from complaints_service.settings import Settings
from tests.app_client import PLAIN
from tests.platform.service_process import PATIENCE, ForkedService
from tests.servers import VARIABLE, Running

WEB, WORKER, VALKEY, POSTGRES = "complaints web", "complaints worker", "valkey-server", "bin/postgres -D"


class FaultyService(ForkedService):
    """A service whose parts are killed and stopped."""

    def start(self) -> None:
        if not self.data_dir.exists():
            made = _office_with_tickets()
            subprocess.run(["cp", "-a", str(made), str(self.data_dir)], check=True)
        super().start()

    def settings(self) -> Settings:
        """As the processes of this service read them."""
        return Settings.from_env(self.environment)

    def urls(self) -> tuple[str, str]:
        """(superuser's database, Valkey)."""
        servers = servers_for(self.settings())
        assert servers is not None
        assert servers.admin_url is not None
        assert servers.redis_url is not None
        return servers.admin_url, servers.redis_url

    async def ask(self, sql: str, *values: object) -> Any:
        """One value out of the database, as its owner sees it."""
        connection = await asyncpg.connect(self.urls()[0])
        try:
            return await connection.fetchval(sql, *values)
        finally:
            await connection.close()

    def hurt(self, part: str, number: signal.Signals) -> int:
        """Send a signal to one part; returns its process id."""
        pid = self.pid_of(part)
        assert pid is not None, f"{part} does not run"
        os.kill(pid, number)
        return pid

    async def kill_and_await_another(self, part: str) -> None:
        """SIGKILL, and wait until the supervisor has started it again."""
        before = self.hurt(part, signal.SIGKILL)
        assert await eventually(lambda: self.pid_of(part) not in (None, before))

    def mails(self, to: str) -> list[CaughtMail]:
        return [mail for mail in read_mails(self.data_dir) if mail.to == [to]]

    async def post(self, path: str, body: object, key: str | None = None, **headers: str) -> httpx.Response:
        if key is not None:
            headers["Idempotency-Key"] = key
        async with httpx.AsyncClient(base_url=self.address, timeout=30, verify=PLAIN) as client:
            return await client.post(path, json=body, headers=headers)

    async def post_until_taken(self, path: str, body: object, key: str) -> tuple[httpx.Response, list[int]]:
        """As a client with patience: again under the same key while the answer is 503 or none. Also the answers on the way."""
        met: list[int] = []
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self.post(path, body, key)
                except httpx.TransportError:
                    met.append(0)
                else:
                    if answer.status_code != 503:
                        return answer, met
                    met.append(503)
                await asyncio.sleep(0.1)

    async def move_clock_to(self, at: str) -> None:
        answer = await self.post("/dev/clock", {"set": at})
        assert answer.status_code == 200, answer.text

    async def audit(self) -> list[Any]:
        """Violations that `complaints doctor --audit` finds."""
        done = await asyncio.to_thread(self.run, "doctor", "--audit", "--hash-files", "--json")
        report = json.loads(done.stdout)
        assert report["audited"]
        return report["violations"]


def _office_with_tickets() -> Path:
    """DATA_DIR after a first start: the cluster, the demo office and its tickets. Made by who needs it first in this run."""
    running = msgspec.json.decode(os.environ[VARIABLE], type=Running)
    place = Path(running.folder) / "office"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            first = ForkedService(place.with_suffix(".draft"))
            first.start()
            # Not Ctrl-C, which reaches PostgreSQL as well: what a worker has in hand then waits for its lease in every copy.
            assert first.signal_alone(signal.SIGTERM) == 0
            first.data_dir.rename(place)
    return place


async def eventually(holds: Callable[[], bool | Awaitable[bool]]) -> bool:
    """True soon after it holds, False when it never does; looks less often the longer it takes, for looking costs as well."""
    try:
        async with asyncio.timeout(PATIENCE):
            pause = 0.02
            while True:
                held = holds()
                if held if isinstance(held, bool) else await held:
                    return True
                await asyncio.sleep(pause)
                pause = min(pause * 1.3, 0.25)
    except TimeoutError:
        return False
