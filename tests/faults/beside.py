"""Processes beside a room whose settings, or whose machine, are other than those around them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.faults.struck import Struck
from tests.service.outbox_room import Room

# Read by Python before anything else: the one module that asks what time it is, and what libraries ask, are off by so many seconds.
_WRONG_CLOCK = """
import os, pathlib, time
from datetime import datetime, timedelta

off = float(os.environ["CLOCK_OFF_BY"])
true_time, true_ns = time.time, time.time_ns
time.time = lambda: true_time() + off
time.time_ns = lambda: true_ns() + int(off * 1e9)

from complaints_service import clock

class Wrong:
    @staticmethod
    def now(zone):
        return datetime.now(zone) + timedelta(seconds=off)

clock.datetime = Wrong
pathlib.Path(os.environ["CLOCK_NOTE"]).write_text(clock.machine_now().isoformat())
"""


class Beside(Struck):
    """As ``Struck``, with further variables (in lower case, without their prefix)."""

    def __init__(self, room: Room, kind: str, **variables: str) -> None:
        super().__init__(room, kind)
        self._environment |= {f"COMPLAINTS_{name.upper()}": value for name, value in variables.items()}

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""


class WrongClock(Beside):
    """A worker on a machine whose clock is off, in another time zone: an interpreter of its own, not a fork of one that knows better."""

    def __init__(self, room: Room, folder: Path, seconds: float, zone: str) -> None:
        super().__init__(room, "worker")
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(_WRONG_CLOCK, encoding="utf-8")
        self.note = folder / "note"
        self._environment |= {
            "PYTHONPATH": str(folder), "CLOCK_OFF_BY": str(seconds), "CLOCK_NOTE": str(self.note), "TZ": zone
        }  # fmt: skip

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        program = Path(sys.executable).with_name("complaints")
        with self._log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                str(program), "worker", env=self._environment, stdout=output, stderr=output
            )
        try:
            yield
        finally:
            process.terminate()
            await process.wait()
