"""What ``make screenshots`` looks at: a page in a state, and the looks that each page is photographed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Page


@dataclass(frozen=True)
class Look:
    """One way to look at a page."""

    width: int
    scheme: str
    language: str
    height: int = 900
    media: str = "screen"

    @property
    def caption(self) -> str:
        return f"{self.width} px, {self.scheme}, {self.language}" + (", print" if self.media == "print" else "")


LOOKS = (
    Look(320, "light", "id-ID"),
    Look(390, "dark", "en-GB"),
    Look(768, "light", "en-GB"),
    Look(1280, "light", "id-ID"),
    Look(1280, "dark", "id-ID"),
)
PRINTED = Look(794, "light", "id-ID", 1123, "print")
KIOSK_LOOKS = (
    Look(1080, "light", "id-ID", 1920),
    Look(1280, "dark", "id-ID", 800),
    Look(1280, "light", "en-GB", 800),
)
Road = Callable[[Page], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """A page in a state: who is signed in, where it begins, and how one gets to the state."""

    name: str
    path: str = "/"
    person: str | None = None
    road: Road | None = None
    looks: tuple[Look, ...] = LOOKS
    kiosk: bool = False


async def press(page: Page, selector: str) -> None:
    """Press a button and wait for the page that follows."""
    async with page.expect_navigation():
        await page.locator(selector).first.click()
