"""The real site for web tests: a uvicorn server on this worker's database, plain HTTP clients, and Chromium.

Every page that a test opens is watched: a violation of the Content-Security-Policy or an error in a script fails the test.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright

from complaints_service.app import create_app
from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import PLAIN
from tests.web.accessibility import Axe
from tests.web.browsing import Window, Windows, with_cookies
from tests.web.watching import Watched, watch

Visit = Callable[..., Awaitable[Page]]
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class QuietServer(uvicorn.Server):
    """Leaves the signals to pytest."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@pytest.fixture(scope="session")
async def site(settings: Settings, services: Services, axe: Axe) -> AsyncIterator[str]:
    """The running site's address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = axe.beside(create_app(settings, services))
    config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=2)
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(0.01)
    assert server.started, "the site did not start"
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving
    listener.close()


@pytest.fixture
async def http(site: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client with its own cookies that follows no redirect by itself."""
    async with httpx.AsyncClient(base_url=site, headers={"Accept-Language": "id"}, timeout=30, verify=PLAIN) as client:
        yield client


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for a worker's tests."""
    path = os.environ.get("CHROMIUM") or next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def windows(chromium: Browser, site: str) -> Windows:
    """The windows of this worker's browser."""
    return Windows(chromium, site)


@pytest.fixture
async def visit(windows: Windows, site: str) -> AsyncIterator[Visit]:
    """Opens a page of the site as somebody would: ``await visit("/", width=390, scheme="dark", language="en-GB", script=False)``.

    ``beside``: a page whose browser (cookies) this one shares. ``cookies``: what the browser has of the site already.
    ``own``: a browser that has loaded nothing before and that no other test gets (for its clock, for what it has in its cache).
    """
    used: list[tuple[Window, bool]] = []
    watched: list[Watched] = []

    async def open_page(
        path: str = "/",
        *,
        width: int = 1280,
        height: int = 900,
        scheme: Any = "light",
        language: str = "id-ID",
        script: bool = True,
        beside: Page | None = None,
        cookies: Mapping[str, str] | None = None,
        own: bool = False,
    ) -> Page:
        if beside is None:
            window = await windows.take(language, script=script, own=own, width=width, height=height, scheme=scheme)
            used.append((window, own))
            watched.append(window.watched)
            page = window.page
        else:
            page = await beside.context.new_page()
            await page.set_viewport_size({"width": width, "height": height})
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            watched.append(await watch(page))
        if cookies:
            await with_cookies(page.context, site, cookies)
        await page.goto(path)
        return page

    yield open_page
    for window, own in used:
        await windows.give_back(window, own=own)
    assert [line for each in watched for line in each.complaints] == []


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Automated accessibility checks of a page."""
    return Axe.found()
