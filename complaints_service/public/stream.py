"""``GET /api/v1/complaints/{number}/stream``: server-sent events of a case that this browser has opened (API.md)."""

from __future__ import annotations

import msgspec
from litestar import get
from litestar.response import ServerSentEvent

from complaints_service.errors import NotFound, Unavailable
from complaints_service.public.case_news import CaseNews
from complaints_service.public.opened_tickets import TICKET_COOKIE, OpenedTickets
from complaints_service.settings import Settings
from complaints_service.web.bodies import read_query
from complaints_service.web.cookies import read_cookie
from complaints_service.web.operations import LAST_EVENT, Api, Proof
from complaints_service.web.pages import PageRequest

FULL_RETRY_SECONDS = 30
_MARK_MOST = 40


class StreamQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``after``: as ``Last-Event-ID``, for the first start."""

    after: str | None = None


@get(
    "/api/v1/complaints/{number:str}/stream",
    summary="News of a case, as server-sent events",
    api=Api(query=StreamQuery, media=("text/event-stream",), sends=(LAST_EVENT,), by=Proof.CASE_COOKIE),
)
async def case_stream(
    request: PageRequest, number: str, opened_tickets: OpenedTickets, case_news: CaseNews, settings: Settings
) -> ServerSentEvent:
    """Events ``changed`` with ``{"seq", "status"}`` whenever the citizen would see something new; the cookie of ``/m/<token>`` or
    ``/lacak`` opens it. The header ``Last-Event-ID`` (or ``?after=``) takes up where the last one ended. 404 without the cookie.
    """
    asked = read_query(request, StreamQuery)
    opened = await opened_tickets.find(read_cookie(request, settings, TICKET_COOKIE), number)
    if opened is None:
        raise NotFound
    if case_news.room.full:
        raise Unavailable(FULL_RETRY_SECONDS)
    mark = request.headers.get("last-event-id") or asked.after or None
    return ServerSentEvent(
        case_news.stream(opened, mark[:_MARK_MOST] if mark else None), headers={"Cache-Control": "no-store"}
    )
