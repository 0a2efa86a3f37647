"""``/dev/components``: every component in its states, to look at while one works on the style (development only)."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from litestar import Response, get

from complaints_service.public.answers import Messages
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
    return page(request, "public/components.html", {"entries": entries, "problems": problems, "at": at})
