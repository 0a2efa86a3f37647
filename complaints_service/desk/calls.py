"""``/desk/panggilan``: people at kiosks who ask for help (the desk shows them at once, and who goes is on record), and what kiosks
kept without a line and could not hand over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import msgspec
from litestar import Response, get, post
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.database import UNAVAILABLE
from complaints_service.errors import Unavailable
from complaints_service.intake.kiosk.calls import Call, Calls
from complaints_service.intake.kiosk.refused import Refused
from complaints_service.intake.kiosk.service import Kiosk
from complaints_service.office.model import Office
from complaints_service.web.i18n import text
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.streams import STREAM_ROOM, NoRoom, StreamRoom

POLL_SECONDS = 2
HEARTBEAT_POLLS = 7
# Five minutes; the browser comes back by itself.
POLLS = 150
RETRY_MILLISECONDS = 5_000
FULL_RETRY_SECONDS = 30
_WHY = {
    "sealed": "It was sealed for another key than this service has, or it was damaged.",
    "unreadable": "It could be opened, but what is in it is no form.",
    "incomplete": "It could be opened, but something in it is missing or wrong.",
}


class CallRow(msgspec.Struct, frozen=True):
    """A call, and who went."""

    call: Call
    person: str


def call_rows(calls: list[Call], office: Office) -> list[CallRow]:
    """Calls with the names of those who answered."""
    names = {person.id: person.name for person in office.people.values()}
    return [CallRow(call, names.get(call.answered_by or 0, "")) for call in calls]


@get("/desk/panggilan", include_in_schema=False)
async def calls_page(request: PageRequest, viewer: Viewer, kiosk: Kiosk) -> Response[bytes]:
    """Open calls and the last answered ones; with ``?bagian`` only the band that the desk shows."""
    band = "bagian" in request.query_params
    context: dict[str, object] = {"calls": call_rows(await kiosk.calls.open(viewer.office), viewer.office)}
    if not band:
        context["last"] = call_rows(await kiosk.calls.last(viewer.office), viewer.office)
        context["refused"] = [(item, _why(item, request)) for item in await kiosk.refused.open(viewer.office)]
    return page(request, "desk/calls_band.html" if band else "desk/calls.html", context)


@post("/desk/panggilan/{call_id:int}", include_in_schema=False, status_code=303)
async def go_to_kiosk(call_id: int, writer: Viewer, kiosk: Kiosk) -> Response[bytes]:
    """I go. When somebody else was first, the page says who."""
    await kiosk.calls.answer(writer.office, call_id, writer.person.id)
    return _to_calls()


@get("/desk/panggilan/{call_id:int}", include_in_schema=False)
async def back_to_calls(call_id: int, viewer: Viewer) -> Response[bytes]:
    """Where somebody arrives whose session had ended when the form was sent, after signing in again."""
    return _to_calls()


@get("/desk/panggilan/aliran", include_in_schema=False)
async def calls_stream(request: PageRequest, viewer: Viewer, kiosk: Kiosk) -> ServerSentEvent | Response[bytes]:
    """Events ``calls`` whenever the open calls have changed; who asks for a page instead gets that of the calls."""
    if "text/event-stream" not in request.headers.get("accept", ""):
        return _to_calls()
    if STREAM_ROOM.full:
        raise Unavailable(FULL_RETRY_SECONDS)
    return ServerSentEvent(news(kiosk.calls, viewer.office, STREAM_ROOM), headers={"Cache-Control": "no-store"})


async def news(
    calls: Calls, office: Office, room: StreamRoom, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncGenerator[ServerSentEventMessage]:
    """The ids of the open calls, now and after each change; one cheap query every two seconds, no connection held between."""
    yield ServerSentEventMessage(data=None, retry=RETRY_MILLISECONDS)
    told: list[int] | None = None
    quiet = 0
    try:
        with room.place():
            for _ in range(POLLS):
                quiet += 1
                try:
                    now = [call.id for call in await calls.open(office)]
                except UNAVAILABLE:
                    now = told
                if now is not None and now != told:
                    told, quiet = now, 0
                    yield ServerSentEventMessage(data=msgspec.json.encode({"open": now}), event="calls")
                elif quiet >= HEARTBEAT_POLLS:
                    quiet = 0
                    yield ServerSentEventMessage(data=None, comment="")
                await pause(POLL_SECONDS)
                if room.closed:
                    return
    except NoRoom:
        return


@post("/desk/panggilan/kiriman/{item_id:int}", include_in_schema=False, status_code=303)
async def saw_to_item(item_id: int, writer: Viewer, kiosk: Kiosk) -> Response[bytes]:
    """Somebody has been at the kiosk about this item."""
    await kiosk.refused.done(writer.office, item_id, writer.person.id)
    return _to_calls()


@get("/desk/panggilan/kiriman/{item_id:int}", include_in_schema=False)
async def back_to_items(item_id: int, viewer: Viewer) -> Response[bytes]:
    """As ``back_to_calls``."""
    return _to_calls()


def _why(item: Refused, request: PageRequest) -> str:
    why = text(request, _WHY[item.reason])
    return f"{why} ({item.fields})" if item.fields else why


def _to_calls() -> Response[bytes]:
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": "/desk/panggilan"})


ROUTES: list[ControllerRouterHandler] = [
    calls_page, go_to_kiosk, back_to_calls, calls_stream, saw_to_item, back_to_items,
]  # fmt: skip
