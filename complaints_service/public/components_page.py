"""``/dev/components``: every component in its states, to look at while one works on the style (development only)."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from litestar import Response, get

from complaints_service.guidance.words import Shown, paragraphs
from complaints_service.public.answers import Messages
from complaints_service.web.charts import Bar, Line
from complaints_service.web.pages import PageRequest, page


class Entry(msgspec.Struct, frozen=True):
    """A line of the timeline that is shown as an example."""

    at: datetime
    type: str
    text: str


@get("/dev/components", include_in_schema=False)
async def components(request: PageRequest) -> Response[bytes]:
    """All components on one page."""
    at = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
    entries = [Entry(at, "filed", "Complaint received"), Entry(at, "answered", "The office has answered")]
    problems = Messages(wrong="Write what happened.", choice="Choose one of the answers.")
    shown: dict[str, object] = {
        "entries": entries,
        "problems": problems,
        "guidance": [
            Shown(1, True, "Incident", paragraphs("What is out of order, and a link: https://example.org"), "en"),
            Shown(2, False, "Short answer", paragraphs("Opens when somebody wants it."), "en"),
        ],
        "bars": [Bar("One", 12), Bar("Another", 7, tone="positive")],
        "lines": [Line("Received", "brand", (12, 19, 7)), Line("Answered", "positive", (10, None, 9), dashed=True)],
    }
    return page(request, "public/components.html", {**shown, "at": at})
