"""The whole way of a citizen with the keyboard alone, and what a screen reader is told of each page on it.

What is told stands in tests/web/spoken/, one file a page, as ``aria_snapshot`` gives it: roles, names, states. Whoever changes a page
reads there what that does to somebody who hears it. ``COMPLAINTS_TEST_SPOKEN=write`` writes the files anew.
"""

from __future__ import annotations

import os
import re
from difflib import unified_diff
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.web.conftest import Visit
from tests.web.test_public_filing import WORDS

SPOKEN = Path(__file__).with_name("spoken")
WRITES = os.environ.get("COMPLAINTS_TEST_SPOKEN") == "write"
MAIN_BUTTON = "form.filing .button"
# What is another in each run.
CHANGES = (
    (re.compile(r"LT-\d{4}-\d{6}"), "LT-NOMOR"),
    (re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}\b"), "KODE"),
    (re.compile(r"(Senin|Selasa|Rabu|Kamis|Jumat|Sabtu|Minggu), \d+ \w+ \d{4}"), "HARI, TANGGAL"),
    (re.compile(r"(pukul )?\d\d\.\d\d"), "JAM"),
    (re.compile(r"data:image/[^\s\"]+"), "data:image"),
)


class Hearer:
    """Somebody who has a keyboard and a voice that reads."""

    def __init__(self, page: Page, way: str) -> None:
        self.page = page
        self._way = way
        self._heard = 0

    async def hears(self, name: str) -> None:
        """What the page says is what its file says: the first page whole, of the others what is theirs."""
        self._heard += 1
        told = await self.page.locator("body" if self._heard == 1 else "main").aria_snapshot()
        for pattern, word in CHANGES:
            told = pattern.sub(word, told)
        path = SPOKEN / f"{self._way}-{self._heard:02}-{name}.yml"
        if WRITES:
            path.parent.mkdir(exist_ok=True)
            path.write_text(told + "\n", encoding="utf-8")
        written = path.read_text(encoding="utf-8").rstrip("\n")
        assert told == written, "\n".join(
            unified_diff(written.splitlines(), told.splitlines(), path.name, "now", lineterm="")
        )

    async def reaches(self, selector: str) -> None:
        """Press Tab until the focus is there. Fails when it never comes, or cannot be seen when it does."""
        for _ in range(60):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                seen = await self.page.evaluate(
                    "() => { const box = document.activeElement.getBoundingClientRect();"
                    " return box.bottom > 0 && box.top < innerHeight && getComputedStyle(document.activeElement).outlineStyle !== 'none' }"
                )
                assert seen or await self.page.evaluate("document.activeElement.type === 'radio'"), selector
                return
        pytest.fail(f"Tab never reaches {selector} on {self.page.url}")

    async def enters(self, selector: str = MAIN_BUTTON) -> None:
        """Go there and press Enter, which leads to another page."""
        await self.reaches(selector)
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    async def types(self, selector: str, words: str) -> None:
        await self.reaches(selector)
        await self.page.keyboard.type(words)

    async def chooses(self, selector: str) -> None:
        """A radio button: Tab leads to the group, the arrows through it."""
        await self.reaches(f'{selector}, input[name="{await self._group(selector)}"]')
        for _ in range(20):
            if await self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                await self.page.keyboard.press("Space")
                return
            await self.page.keyboard.press("ArrowDown")
        pytest.fail(f"the arrows never reach {selector}")

    async def _group(self, selector: str) -> str:
        return str(await self.page.locator(selector).get_attribute("name"))


async def test_a_complaint_is_filed_followed_and_answered_by_keyboard_and_ear(visit: Visit) -> None:
    hearer = Hearer(await visit("/", script=False), "way")
    page = hearer.page
    await hearer.hears("start")
    await hearer.enters('a[href*="layanan=paspor-baru"]')
    await hearer.hears("kind")
    await hearer.enters()
    await hearer.hears("story")
    await hearer.enters()
    await hearer.hears("story-with-a-mistake")
    await hearer.types("#description", WORDS)
    await hearer.enters()
    await hearer.hears("about")
    await hearer.chooses('input[value="keterlambatan"]')
    await hearer.enters()
    await hearer.hears("when-and-where")
    await hearer.enters()
    await hearer.hears("who")
    await hearer.enters()
    await hearer.hears("files")
    await hearer.enters()
    await hearer.hears("privacy")
    await hearer.enters()
    await hearer.hears("contact")
    await hearer.types('[name="reporter.name"]', "Siti Rahma")
    await hearer.types('[name="reporter.email"]', "siti@example.org")
    await hearer.enters()
    await hearer.hears("check")
    await hearer.enters("#filing .button")
    await hearer.hears("receipt")
    number = page.url.rpartition("/")[2]
    code = (await page.locator("dt:text-is('Kode lacak') + dd").inner_text()).strip()

    await page.context.clear_cookies()
    await page.goto("/lacak")
    await hearer.hears("track")
    await hearer.types('[name="number"]', number)
    await hearer.types('[name="code"]', code)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await hearer.hears("case")
