"""The whole application over ASGI, for tests of what it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from litestar.testing import AsyncTestClient

from complaints_service.app import create_app

if TYPE_CHECKING:
    from litestar.types import ASGIApp

    from complaints_service.settings import Settings
    from complaints_service.wiring import Services

BASE_URL = "http://127.0.0.1:8000"


@asynccontextmanager
async def opened_app(settings: Settings, services: Services | None = None) -> AsyncIterator[AsyncTestClient[ASGIApp]]:
    """A client with cookies of its own; redirects are not followed. Without ``services`` the application opens its own."""
    async with AsyncTestClient(create_app(settings, services), base_url=BASE_URL) as client:
        client.follow_redirects = False
        yield client
