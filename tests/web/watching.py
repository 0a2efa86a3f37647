"""What a browser complains about while a test looks at a page."""

from __future__ import annotations

from playwright.async_api import ConsoleMessage, Error, Page

_MARK = "policy violation:"
_LISTEN = f"""
addEventListener("securitypolicyviolation", (event) =>
  console.error("{_MARK} " + event.effectiveDirective + " " + event.blockedURI + " " + event.sourceFile));
"""


class Watched:
    """``complaints`` collects violations of the policy (with and without script) and errors that nobody caught."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def console(self, message: ConsoleMessage) -> None:
        """Chromium writes violations to the console too, which works where scripts are off."""
        if _MARK in message.text or "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def error(self, error: Error) -> None:
        """An exception that reached the window."""
        self.complaints.append(f"script error: {error}")


async def watch(page: Page) -> Watched:
    """Begin to collect; before the first ``goto``."""
    watched = Watched()
    await page.add_init_script(_LISTEN)
    page.on("console", watched.console)
    page.on("pageerror", watched.error)
    return watched
