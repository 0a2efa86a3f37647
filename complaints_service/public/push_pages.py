"""``/t/{number}/kabar``: this device wants news of the case, or no more (js/public/push-switch.js). The case's page works without."""

from __future__ import annotations

import msgspec
from litestar import Response, get, post

from complaints_service.public.requests import LARGEST_FORM, see_other
from complaints_service.public.ticket_pages import CitizenCase
from complaints_service.web.pages import PageRequest
from complaints_service.webpush.service import WebPush


@get("/t/{number:str}/kabar", include_in_schema=False)
async def push_key(request: PageRequest, number: str, citizen_case: CitizenCase, webpush: WebPush) -> Response[bytes]:
    """The public key that the browser asks for."""
    if await citizen_case.opened(request, number) is None:
        return see_other("/lacak")
    return Response(msgspec.json.encode({"key": webpush.public}), media_type="application/json")


@post("/t/{number:str}/kabar", status_code=204, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def push_submit(request: PageRequest, number: str, citizen_case: CitizenCase, webpush: WebPush) -> None:
    """The person has pressed the button and said yes to the browser: both are the consent."""
    opened, form = await citizen_case.form(request, number)
    keys = form.get("p256dh", ""), form.get("auth", "")
    await webpush.subscribe(opened.office_id, opened.ticket_id, form.get("endpoint", ""), *keys)


@post("/t/{number:str}/kabar/henti", status_code=204, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def push_end(request: PageRequest, number: str, citizen_case: CitizenCase, webpush: WebPush) -> None:
    """No more news here."""
    opened, form = await citizen_case.form(request, number)
    await webpush.unsubscribe(opened.office_id, opened.ticket_id, form.get("endpoint", ""))
