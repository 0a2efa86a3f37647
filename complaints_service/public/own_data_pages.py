"""``/t/{number}/data``: what is stored about the case, for its citizen; the office's log says that it was asked for."""

from __future__ import annotations

import msgspec
from litestar import Response, get, post

from complaints_service.i18n import translate
from complaints_service.public.answers import classified, written_day
from complaints_service.public.case_words import PRIVACY_SHORT
from complaints_service.public.own_data import own_data
from complaints_service.public.requests import LARGEST_FORM, see_other
from complaints_service.public.ticket_pages import CitizenCase
from complaints_service.tickets.commands import AskData
from complaints_service.tickets.model import REPORTER_ACTOR
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page


@get("/t/{number:str}/data", include_in_schema=False)
async def own_data_page(request: PageRequest, number: str, citizen_case: CitizenCase) -> Response[bytes]:
    """What it is about, and the button."""
    opened = await citizen_case.opened(request, number)
    if opened is None:
        return see_other("/lacak")
    office, file = await citizen_case.file(opened)
    token = citizen_case.opened_tickets.form_token(opened)
    context = {"office": office, "ticket": file.ticket, "form_token": token, "own": None}
    return page(request, "public/own_data.html", context)


@post("/t/{number:str}/data", status_code=200, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def own_data_submit(request: PageRequest, number: str, citizen_case: CitizenCase) -> Response[bytes]:
    """``as`` json: a download; else the same to read and print. Both are noted in the case's log first."""
    opened, form = await citizen_case.form(request, number)
    office = await citizen_case.offices.current(opened.office_id)
    await citizen_case.tickets.act(office, number, AskData(), REPORTER_ACTOR, opened.scope())
    office, file = await citizen_case.file(opened)
    own = own_data(file, office, language_of(request))
    if form.get("as") == "json":
        headers = {"Content-Disposition": f'attachment; filename="{number}.json"', "Cache-Control": "no-store"}
        return Response(msgspec.json.encode(own), media_type="application/json", headers=headers)
    token = citizen_case.opened_tickets.form_token(opened)
    return page(
        request,
        "public/own_data.html",
        {
            "office": office,
            "ticket": file.ticket,
            "form_token": token,
            "own": own,
            "classified": classified(file.ticket, office, language_of(request)),
            "privacy_words": translate(language_of(request), PRIVACY_SHORT[file.ticket.privacy]),
            "occurred_on": written_day(own.occurred_on or "", office.time_zone, language_of(request)),
            "path": f"/t/{number}/data",
        },
    )
