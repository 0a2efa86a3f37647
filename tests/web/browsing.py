"""Browser windows that several tests use one after the other: opening one costs more than what most tests do in it.

Each test finds its window as if it were new: no cookie, nothing stored, nothing of the page before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from playwright.async_api import Browser, BrowserContext, CDPSession, Error, Page

from tests.web.watching import Watched, watch

PATIENCE_MS = 15_000
_STILL = "/health/live"


class Kind(NamedTuple):
    """What cannot be changed of a window."""

    language: str
    script: bool


@dataclass
class Window:
    """A page with the context it lives in, and what the browser complained about."""

    kind: Kind
    context: BrowserContext
    page: Page
    control: CDPSession
    watched: Watched

    async def clear(self, site: str) -> None:
        """Nothing is left of who used it. Raises Error when the page does not let go."""
        for other in self.context.pages:
            if other is not self.page:
                await other.close()
        await self.context.unroute_all()
        await self.page.unroute_all()
        if self.page.url.startswith(site):
            await self.page.evaluate("sessionStorage.clear()")
        if self.kind.script:
            # Ends what the page's scripts do. An address of another site (about:blank) would cost a new process.
            await self.page.goto(site + _STILL)
        await self.context.set_offline(False)
        await self.context.clear_cookies()
        await self.control.send("Storage.clearDataForOrigin", {"origin": site, "storageTypes": "all"})


class Windows:
    """Opens windows and keeps them for the next test. Language and script belong to a window, its looks change."""

    def __init__(self, browser: Browser, site: str) -> None:
        self._browser = browser
        self._site = site
        self._kept: dict[Kind, list[Window]] = {}

    async def take(self, language: str, *, script: bool, own: bool, width: int, height: int, scheme: Any) -> Window:
        """A clean window with an empty page; ``own``: one that nobody used before."""
        kind = Kind(language, script)
        free = self._kept.get(kind)
        window = free.pop() if free and not own else await self._opened(kind, own=own)
        window.watched.complaints.clear()
        await window.page.set_viewport_size({"width": width, "height": height})
        await window.page.emulate_media(media="null", color_scheme=scheme, reduced_motion="reduce")
        return window

    async def give_back(self, window: Window, *, own: bool) -> None:
        """After a test."""
        if not own:
            with contextlib.suppress(Error):
                await window.clear(self._site)
                self._kept.setdefault(window.kind, []).append(window)
                return
        await window.context.close()

    async def _opened(self, kind: Kind, *, own: bool) -> Window:
        # Only a window of one test gets the site's service worker: to install it costs more than most tests.
        context = await self._browser.new_context(
            base_url=self._site,
            locale=kind.language,
            java_script_enabled=kind.script,
            reduced_motion="reduce",
            service_workers="allow" if own else "block",
        )
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        return Window(kind, context, page, await context.new_cdp_session(page), await watch(page))


async def with_cookies(context: BrowserContext, site: str, cookies: Mapping[str, str]) -> None:
    """Cookies that the site set in another client."""
    await context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])
