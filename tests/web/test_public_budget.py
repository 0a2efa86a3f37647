"""How much a citizen has to load: on 400 kbit/s every kilobyte is 20 ms (EXPERIENCE.md, "Budgets")."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page

from tests.web.conftest import Visit

HTML_AND_CSS = 14 * 1024
FIRST_VIEW = 60 * 1024


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?layanan=m-paspor",
        "/lapor",
        "/lapor/cerita",
        "/lapor/tentang",
        "/lacak",
        "/survei",
        "/transparansi",
        "/m/" + "x" * 43,
        "/s/" + "7" * 16,
    ],
)
async def test_page_and_style_are_within_14_kb_and_need_no_script(http: httpx.AsyncClient, path: str) -> None:
    headers = {"Accept-Encoding": "gzip"}
    async with http.stream("GET", path, headers=headers) as page:
        raw = b"".join([part async for part in page.aiter_raw()])
    assert page.headers["content-encoding"] == "gzip"
    total = len(raw)
    text = (await http.get(path)).text
    # What there is of script comes after the page, is small, and nothing needs it (the walks without script show that).
    scripts = re.findall(r"<script[^>]*>", text)
    assert all(re.fullmatch(r'<script type="module" src="/static/[^"]+">', tag) for tag in scripts)
    styles = re.findall(r'rel="stylesheet" href="([^"]+)"', text)
    assert styles
    for style in styles:
        async with http.stream("GET", style, headers=headers) as answer:
            total += len(b"".join([part async for part in answer.aiter_raw()]))
    assert total <= HTML_AND_CSS


async def transferred(page: Page, path: str) -> dict[str, int]:
    """Bytes on the line for each address that a visit of the path loads."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    addresses: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def sent(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["request"]["url"]

    def finished(event: dict[str, Any]) -> None:
        # A request that began before we listened (the tab's icon) is none of this visit.
        if event["requestId"] in addresses:
            sizes[addresses[event["requestId"]]] = int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.loadingFinished", finished)
    await page.goto(path, wait_until="networkidle")
    return sizes


async def test_the_first_view_is_within_60_kb_with_font_and_icons(visit: Visit) -> None:
    page = await visit("about:blank", own=True)
    sizes = await transferred(page, "/?layanan=m-paspor")
    assert any(address.endswith("icons.svg") for address in sizes)
    assert sum(sizes.values()) <= FIRST_VIEW


async def test_the_second_page_loads_nothing_but_itself(visit: Visit) -> None:
    page = await visit("/", own=True)
    sizes = await transferred(page, "/lacak")
    # The browser asks for the icon of the tab when it likes.
    loaded = [address for address in sizes if "/static/" in address and not address.endswith("favicon.svg")]
    assert [address for address in loaded if sizes[address] > 0] == []
