"""axe-core on a page, with the rules of WCAG 2.2 AA (EXPERIENCE.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Page

_SOURCE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Where the test's site serves it.
_ADDRESS = "/uji/axe.js"
# As a script of the site itself, which the browser keeps: half of what it costs to send 650 KB into each page. False where a page of
# elsewhere does not load it.
_LOAD = """(address) => {
  if ("axe" in window) return true;
  if (!location.protocol.startsWith("http")) return false;
  const script = document.createElement("script");
  return new Promise((done) => {
    script.onload = () => done(true);
    script.onerror = () => done(false);
    script.src = address;
    document.head.append(script);
  }).finally(() => script.remove());
}"""
Look = tuple[Literal["light", "dark"], int]
# The smallest box of a link or button; links inside sentences are exempt, as in WCAG 2.5.8.
_SMALL_TARGETS = """(least) => [...document.querySelectorAll("a, button, select, textarea, input:not([type=hidden]), summary")]
  .filter((e) => e.checkVisibility() && !e.closest("p, .skip-link, address") && !(e.type === "radio" && !e.closest(".choice")))
  // Of a choice the whole card is the target: its label covers it.
  .map((e) => [e.tagName, e.textContent.trim().slice(0, 30), ((e.labels && e.closest(".choice")) || e).getBoundingClientRect()])
  .filter(([, , box]) => box.height > 0 && box.height < least)
  .map(([tag, text, box]) => `${tag} ${text} ${Math.round(box.height)}px`)"""


class Axe:
    """Runs the rules inside the page; the page's policy does not stop that."""

    def __init__(self, source: str) -> None:
        self._source = source

    @classmethod
    def found(cls) -> Axe:
        """axe-core as set-up installed it. Raises FileNotFoundError when it did not."""
        return cls(_SOURCE.read_text(encoding="utf-8"))

    def beside(self, app: Any) -> Any:
        """The application with axe-core at an address of its own."""
        headers = [(b"content-type", b"text/javascript"), (b"cache-control", b"public, max-age=31536000, immutable")]

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            if scope.get("path") != _ADDRESS:
                await app(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self._source.encode()})

        return answer

    async def broken_in(self, page: Page, *looks: Look) -> dict[Look, dict[str, list[str]]]:
        """The looks in which the page, loaded once, breaks rules; and which."""
        found: dict[Look, dict[str, list[str]]] = {}
        for scheme, width in looks:
            await page.emulate_media(color_scheme=scheme)
            await page.set_viewport_size({"width": width, "height": 900})
            if broken := await self.broken_rules(page):
                found[scheme, width] = broken
        return found

    async def broken_rules(self, page: Page) -> dict[str, list[str]]:
        """Rule -> the elements that break it; empty when the page is as it should be."""
        if not await page.evaluate(_LOAD, _ADDRESS):
            await page.evaluate(self._source)
        found: list[dict[str, Any]] = await page.evaluate(
            "async (tags) => (await axe.run({runOnly: tags, resultTypes: ['violations'], selectors: false})).violations",
            TAGS,
        )
        return {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found}


async def small_targets(page: Page, least: int = 48) -> list[str]:
    """Buttons, fields and links outside sentences that are lower than ``least`` CSS pixels."""
    return await page.evaluate(_SMALL_TARGETS, least)


async def too_wide_for(page: Page, *widths: int) -> dict[int, int]:
    """The widths of a window that the page does not fit into, and by how many pixels."""
    found: dict[int, int] = {}
    for width in widths:
        await page.set_viewport_size({"width": width, "height": 800})
        if (pixels := await sideways_scroll(page)) > 0:
            found[width] = pixels
    return found


async def fold_out(page: Page) -> None:
    """What is folded in on the page is open."""
    await page.evaluate("document.querySelectorAll('details').forEach((fold) => fold.setAttribute('open', ''))")


async def sideways_scroll(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
