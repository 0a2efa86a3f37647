"""The line from a client to the service: cut at any moment, so whoever speaks on it tries again until told."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from tests.faults.service import PLAIN
from tests.faults.soak.model import Told

# Longer than anything stands still on purpose: an answer that does not come is a cut line, not a slow one.
ANSWER_WITHIN = 30.0
# Web, PostgreSQL and a worker may be killed again and again while somebody tries.
TOLD_WITHIN = 300.0
AGAIN_AFTER = 0.25


class NeverTold(AssertionError):
    """A client tried for minutes and was never told anything: the service has not come back."""


class Line:
    """One for all clients of a run; what it meets is written into the model."""

    def __init__(self, address: str, told: Told) -> None:
        self._told = told
        self.http = httpx.AsyncClient(base_url=address, timeout=ANSWER_WITHIN, verify=PLAIN)

    async def once(self, method: str, path: str, **how: Any) -> httpx.Response | None:
        """One try. None: nobody knows what became of it (cut, or an answer that says to try again)."""
        try:
            answer = await self.http.request(method, path, **how)
        except httpx.TransportError:
            self._told.answers[0] += 1
            return None
        status = answer.status_code
        if status < 400:
            self._told.heard += 1
            return answer
        self._told.answers[status] += 1
        if status in (429, 503):
            if "retry-after" not in answer.headers:
                self._told.odd.append(f"{method} {_shape(path)}: {status} without Retry-After")
            return None
        if status >= 500:
            self._told.odd.append(f"{method} {_shape(path)}: {status} {answer.text[:300]}")
            return None
        return answer

    async def until_told(self, method: str, path: str, **how: Any) -> httpx.Response:
        """As a client with patience. Only for what may be asked twice: reading, and writing under a key."""
        until = time.monotonic() + TOLD_WITHIN
        while (answer := await self.once(method, path, **how)) is None:
            if time.monotonic() > until:
                raise NeverTold(f"{method} {_shape(path)}")
            await asyncio.sleep(AGAIN_AFTER)
        return answer

    async def aclose(self) -> None:
        await self.http.aclose()


def _shape(path: str) -> str:
    """The path without what belongs to one person."""
    return "/".join("{number}" if part.startswith("LT-") else part for part in path.split("/"))
