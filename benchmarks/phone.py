"""Public pages on the phone of EXPERIENCE.md's budget: 400 kbit/s, 400 ms to the server and back, a processor four times slower.

.venv/bin/python -m benchmarks.phone [--rounds 3]

Each page is opened by a browser that has nothing of the site yet. "Readable" is when its largest text stands on the screen.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import os
import shutil
import uuid
from statistics import median
from typing import Any

import msgspec
from playwright.async_api import Browser, BrowserContext, async_playwright

from benchmarks.pages import READ, WORDS
from benchmarks.running import service

KBIT, LATENCY_MS, SLOWER = 400, 400, 4
READABLE_MS, FIRST_VIEW, HTML_AND_CSS = 2_000, 60 * 1024, 14 * 1024
RECEIPT, CASE = "/terkirim/{number}", "/t/{number}"
PAGES = [*(path for path in READ if not path.startswith(("/kios", "/transparansi/"))), RECEIPT, CASE]
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PAINTED = """() => new Promise((told) => {
  new PerformanceObserver((list) => told(list.getEntries().at(-1).startTime)).observe({type: "largest-contentful-paint", buffered: true});
})"""


class View(msgspec.Struct, frozen=True):
    """One page opened once: bytes of page and styles, bytes on the line with headers, milliseconds until it could be read."""

    document: int
    everything: int
    readable: float


async def opened(browser: Browser, base: str, path: str) -> View:
    """By a phone that was never here."""
    context = await browser.new_context(
        viewport={"width": 360, "height": 740}, locale="id-ID", is_mobile=True, has_touch=True
    )
    if path in (RECEIPT, CASE):
        path = (await filed(context, base)).replace("/terkirim", "/t" if path == CASE else "/terkirim")
    page = await context.new_page()
    control = await context.new_cdp_session(page)
    kinds: dict[str, str] = {}
    heads: dict[str, int] = {}
    bodies, everything = collections.Counter[str](), 0

    def sent(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event.get("type", "")

    def answered(event: dict[str, Any]) -> None:
        heads[event["requestId"]] = int(event["response"]["encodedDataLength"])

    def finished(event: dict[str, Any]) -> None:
        nonlocal everything
        number, size = event["requestId"], int(event["encodedDataLength"])
        bodies[kinds.get(number, "")] += size - heads.get(number, 0)
        everything += size

    control.on("Network.requestWillBeSent", sent)
    control.on("Network.responseReceived", answered)
    control.on("Network.loadingFinished", finished)
    await control.send("Network.enable")
    bytes_a_second = KBIT * 1000 / 8
    line = {
        "offline": False,
        "latency": LATENCY_MS,
        "downloadThroughput": bytes_a_second,
        "uploadThroughput": bytes_a_second,
    }
    await control.send("Network.emulateNetworkConditions", line)
    await control.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await page.goto(base + path, wait_until="networkidle")
    readable = float(await page.evaluate(_PAINTED))
    await context.close()
    return View(bodies["Document"] + bodies["Stylesheet"], everything, readable)


async def filed(context: BrowserContext, base: str) -> str:
    """A complaint of this phone's: where its receipt is."""
    form = {"description": WORDS, "kind": "complaint", "privacy": "open", "form_id": str(uuid.uuid4()), "step": "send"}
    answer = await context.request.post(base, form=form, max_redirects=0)
    return answer.headers["location"]


async def measure(base: str, rounds: int) -> bool:
    """Print a line for each page; whether all are within the budget."""
    path = os.environ.get("CHROMIUM") or next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    within = True
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for page in PAGES:
            views = [await opened(browser, base, page) for _ in range(rounds)]
            readable, most = median(view.readable for view in views), max(view.everything for view in views)
            document = max(view.document for view in views)
            within &= readable < READABLE_MS and most <= FIRST_VIEW and document <= HTML_AND_CSS
            print(
                f"{page:32} HTML and CSS {document / 1024:5.1f} KB, everything {most / 1024:5.1f} KB, readable after "
                f"{readable:5.0f} ms (median of {rounds}; {min(v.readable for v in views):.0f} to {max(v.readable for v in views):.0f})",
                flush=True,
            )
        await browser.close()
    return within


def main() -> None:
    """Print bytes and milliseconds of each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with service() as running:
        within = asyncio.run(measure(f"http://127.0.0.1:{running.port}", given.rounds))
    print("every page within the budget" if within else "a page is beyond the budget")


if __name__ == "__main__":
    main()
