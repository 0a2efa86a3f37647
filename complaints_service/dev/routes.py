"""The development tools (API.md): only registered with DEV, and only for somebody on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import Dependency
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.demo.people import demo_people
from complaints_service.dev.clock import ClockMove, ClockReading, MovableClock
from complaints_service.dev.drain import DueWork, drain
from complaints_service.dev.local_only import local_only
from complaints_service.dev.mail_pages import mail_html, mail_list, mail_list_json, mail_page
from complaints_service.dev.people import people
from complaints_service.errors import FieldProblem, Invalid, Malformed
from complaints_service.settings import Settings
from complaints_service.waker import Waker as WakerProtocol
from complaints_service.web.pages import PageRequest, page

# A protocol cannot be checked at run time; what is wired is one.
Waker = Annotated[WakerProtocol, Dependency(skip_validation=True)]

_FORM = "application/x-www-form-urlencoded"


@get("/dev", include_in_schema=False)
async def index(
    request: PageRequest, settings: Settings, database: Database, clock: OfficeClock, waker: Waker
) -> Response[bytes]:
    """All tools on one page."""
    reading = await MovableClock(database, clock, waker).read()
    context = {
        "people": demo_people(settings.data_dir),
        "now": reading.now,
        "offset_days": reading.offset_seconds / 86_400,
    }
    return page(request, "dev/index.html", context)


@get("/dev/clock", include_in_schema=False)
async def read_clock(database: Database, clock: OfficeClock, waker: Waker) -> ClockReading:
    """Office time now."""
    return await MovableClock(database, clock, waker).read()


@post("/dev/clock", status_code=200, include_in_schema=False)
async def move_clock(
    request: Request[Any, Any, Any], database: Database, clock: OfficeClock, waker: Waker
) -> Response[ClockReading] | Redirect:
    """Move office time forward by JSON ``{"advance"}`` or ``{"set"}``; the form of ``/dev`` comes back to it.

    JSON is read under any content type, because curl's default is that of a form.
    """
    movable = MovableClock(database, clock, waker)
    body = await request.body()
    if body.lstrip().startswith(b"{") or not _is_form(request):
        return Response(await movable.move(_move(body)))
    advance: object = (await request.form()).get("advance")
    await movable.move(ClockMove(advance=advance if isinstance(advance, str) else ""))
    return Redirect("/dev", status_code=303)


@post("/dev/workers/drain", status_code=200, include_in_schema=False)
async def drain_workers(
    request: Request[Any, Any, Any], database: Database, due_work: DueWork
) -> Response[Any] | Redirect:
    """Do everything that is due now; the form of ``/dev`` comes back to it."""
    drained = await drain(database, due_work)
    return Redirect("/dev", status_code=303) if _is_form(request) else Response(drained)


def _is_form(request: Request[Any, Any, Any]) -> bool:
    return request.headers.get("content-type", "").startswith(_FORM)


def _move(body: bytes) -> ClockMove:
    try:
        return msgspec.json.decode(body, type=ClockMove)
    except msgspec.ValidationError as error:
        raise Invalid(
            [FieldProblem("", "form", "Send either advance, such as 3d4h5m6s, or set, an instant with its zone.")]
        ) from error
    except msgspec.DecodeError as error:
        raise Malformed("The body is not JSON.") from error


ROUTES: list[ControllerRouterHandler] = [
    Router(
        path="/",
        guards=[local_only],
        route_handlers=[
            index,
            mail_list,
            mail_list_json,
            mail_page,
            mail_html,
            read_clock,
            move_clock,
            drain_workers,
            people,
        ],
    )
]
