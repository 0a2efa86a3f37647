"""The whole application over ASGI in the test's own event loop, for tests of what it answers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from complaints_service.app import Kind, create_app, routed_app

if TYPE_CHECKING:
    from litestar import Litestar

    from complaints_service.settings import Settings
    from complaints_service.wiring import Services

# Making one for each client takes 20 ms of a processor, longer than what most tests ask; nothing of it speaks TLS.
PLAIN = ssl.create_default_context()
BASE_URL = "http://127.0.0.1:8000"
# Routes of applications that have ended, for the next one: to put them together takes 0.3 s of a processor.
_free: dict[Kind, list[Litestar]] = {}


@asynccontextmanager
async def started_app(settings: Settings, services: Services | None = None) -> AsyncIterator[Any]:
    """An application that has started; without ``services`` it opens its own."""
    kind = Kind.of(settings)
    free = _free.setdefault(kind, [])
    routed = free.pop() if free else routed_app(kind)
    app = create_app(settings, services, routed)
    async with _started(app):
        yield app
    free.append(routed)


def client_of(app: Any, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """Somebody at ``address`` with cookies of their own; redirects are not followed. To be used with ``async with``."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 4711)), base_url=BASE_URL)


@asynccontextmanager
async def opened_app(
    settings: Settings, services: Services | None = None, address: str = "127.0.0.1"
) -> AsyncIterator[httpx.AsyncClient]:
    """Both at once, for an application that only one test needs."""
    async with started_app(settings, services) as app, client_of(app, address) as client:
        yield client


@asynccontextmanager
async def _started(app: Any) -> AsyncIterator[None]:
    """The lifespan of an application, as a server runs it."""
    given: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
    running = asyncio.create_task(app(scope, given.get, told.put))

    async def step(name: str) -> None:
        given.put_nowait({"type": f"lifespan.{name}"})
        answer = await told.get()
        assert answer["type"] == f"lifespan.{name}.complete", answer

    await step("startup")
    try:
        yield
    finally:
        await step("shutdown")
        await running
