"""``/`` before a service is chosen, ``/terbantu`` after a short answer was enough."""

from __future__ import annotations

from datetime import timedelta

from litestar import Response, get, post
from litestar.datastructures import Cookie

from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.guidance.service import GuidanceDesk
from complaints_service.guidance.words import Shown, office_day, shown_in
from complaints_service.office.guidance import guidance_for, incidents_now
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.public.answers import choices, no_answers
from complaints_service.public.requests import LARGEST_FORM, own_form, see_other
from complaints_service.public.walk import steps_for
from complaints_service.settings import Settings
from complaints_service.web.cookies import secure
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.rate_limits import Limit, limited

# Which texts this browser has been helped by today, so that pressing twice counts once; it says nothing else.
_HELPED_COOKIE = "terbantu"
_MOST_REMEMBERED = 20
_DAY = int(timedelta(days=1).total_seconds())


def start(request: PageRequest, office: Office, clock: OfficeClock) -> Response[bytes]:
    """The first question, below what is out of order today: which service? One tap answers it."""
    language = language_of(request)
    today = office_day(clock.now(), office.time_zone)
    context = {
        "office": office,
        "incidents": [shown_in(one, language) for one in incidents_now(office.guidance, today)],
        "services": choices(office, language)["services"],
        "total": len(steps_for(no_answers())),
        "path": "/",
    }
    return page(request, "public/start.html", context)


def guidance_shown(office: Office, service: str, clock: OfficeClock, language: str) -> list[Shown]:
    """What may already answer somebody who comes because of this service ("": not known)."""
    today = office_day(clock.now(), office.time_zone)
    return [shown_in(one, language) for one in guidance_for(office.guidance, service, today)]


@post(
    "/terbantu",
    status_code=303,
    guards=[limited(Limit.VOICE)],
    include_in_schema=False,
    request_max_body_size=LARGEST_FORM,
)
async def helped_submit(
    request: PageRequest, offices: OfficeStore, database: Database, clock: OfficeClock, settings: Settings
) -> Response[bytes]:
    """Count one whom a text was enough for: each browser once a day and text."""
    form = await own_form(request)
    office = await offices.current()
    service = form.get("service", "")
    answer = see_other(f"/terbantu?layanan={service if service in office.services else ''}")
    text = form.get("guidance", "")
    known = request.cookies.get(_HELPED_COOKIE, "").split(".")[:_MOST_REMEMBERED]
    if text.isascii() and text.isdecimal() and len(text) < 19 and text not in known:
        await GuidanceDesk(database, offices).helped(office, int(text), office_day(clock.now(), office.time_zone))
        remembered = ".".join([text, *(one for one in known if one.isdecimal())][:_MOST_REMEMBERED])
        answer.cookies.append(
            Cookie(
                _HELPED_COOKIE, value=remembered, max_age=_DAY, secure=secure(settings), httponly=True, samesite="lax"
            )
        )
    return answer


@get("/terbantu", include_in_schema=False)
async def helped_page(request: PageRequest, offices: OfficeStore) -> Response[bytes]:
    """Thanks, and the way on for somebody who wants to file all the same."""
    office = await offices.current()
    service = request.query_params.get("layanan", "")
    return page(
        request,
        "public/helped.html",
        {"office": office, "service": service if service in office.services else ""},
    )
