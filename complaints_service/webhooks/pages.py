"""``/admin/webhooks``: the same for people, without script. Only translates and calls the service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.errors import DomainError, Invalid, NotFound, Refused
from complaints_service.i18n import translate
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text
from complaints_service.webhooks.events import EventType
from complaints_service.webhooks.model import Delivery, Endpoint
from complaints_service.webhooks.service import Webhooks
from complaints_service.webhooks.words import error_text, event_text, reason_text, state_text

_PAGE = "/admin/webhooks"


class DeliveryRow(msgspec.Struct, frozen=True):
    """One message in words."""

    what: str
    number: str | None
    state: str
    state_code: str
    attempts: int
    created_at: datetime
    next_try_at: datetime | None
    error: str


class EndpointRow(msgspec.Struct, frozen=True):
    """An endpoint in words, with its last messages."""

    endpoint: Endpoint
    events: list[str]
    off: str
    trouble: str
    made_by: str
    deliveries: list[DeliveryRow]


class Secret(msgspec.Struct, frozen=True):
    """A secret to show this once; ``old_until`` after a rotation."""

    endpoint_id: int
    url: str
    secret: str
    old_until: datetime | None = None


@get(_PAGE, include_in_schema=False)
async def webhooks_page(request: PageRequest, viewer: Viewer, webhooks: Webhooks) -> Response[bytes]:
    """Endpoints with their last messages, and the form for a new one."""
    return await _page(request, viewer, webhooks)


@post(_PAGE, include_in_schema=False, status_code=201)
async def make_webhook(request: PageRequest, writer: Viewer, webhooks: Webhooks) -> Response[bytes]:
    """A new endpoint; its secret is on this answer and nowhere else."""
    form = await form_fields(request)
    given = {"url": str(form.get("url", "")), "description": str(form.get("description", ""))}
    chosen = [str(value) for value in form.getall("events", [])]
    try:
        made, secret = await webhooks.make(writer, given["url"], given["description"], chosen)
    except Invalid as error:
        problems = {p.pointer.strip("/"): field_text(p, language_of(request)) for p in error.problems}
        return await _page(
            request, writer, webhooks, given=given, chosen=chosen, problems=problems, status=error.status
        )
    except Refused as error:
        return await _page(request, writer, webhooks, given=given, chosen=chosen, refusal=error)
    return await _page(request, writer, webhooks, secret=Secret(made.id, made.url, secret), status=201)


@post(_PAGE + "/{webhook_id:int}/kunci", include_in_schema=False, status_code=200)
async def rotate_webhook(request: PageRequest, webhook_id: int, writer: Viewer, webhooks: Webhooks) -> Response[bytes]:
    """A new secret, on this answer and nowhere else."""
    rotated = await webhooks.rotate(writer, webhook_id)
    url = next((one.url for one in await webhooks.listed(writer) if one.id == webhook_id), "")
    secret = Secret(webhook_id, url, rotated.secret, rotated.old_secret_until)
    return await _page(request, writer, webhooks, secret=secret)


@post(_PAGE + "/{webhook_id:int}/{deed:str}", include_in_schema=False, status_code=303)
async def act_on_webhook(
    request: PageRequest, webhook_id: int, deed: str, writer: Viewer, webhooks: Webhooks
) -> Response[bytes]:
    """uji sends a test, mati and nyala switch off and on, hapus removes."""
    deeds = {"uji": webhooks.test, "mati": webhooks.disable, "nyala": webhooks.enable, "hapus": webhooks.remove}
    if deed not in deeds:
        raise NotFound
    try:
        await deeds[deed](writer, webhook_id)
    except Refused as error:
        return await _page(request, writer, webhooks, refusal=error)
    place = "" if deed == "hapus" else f"#webhook-{webhook_id}"
    return _see_other(_PAGE + place)


@get(_PAGE + "/{webhook_id:int}/{deed:str}", include_in_schema=False)
async def back_to_webhooks(webhook_id: int, deed: str, viewer: Viewer) -> Response[bytes]:
    """Where somebody arrives whose session had ended when a form was sent, after signing in again."""
    return _see_other(f"{_PAGE}#webhook-{webhook_id}")


async def _page(
    request: PageRequest,
    viewer: Viewer,
    webhooks: Webhooks,
    *,
    given: Mapping[str, str] | None = None,
    chosen: list[str] | None = None,
    problems: Mapping[str, str] | None = None,
    refusal: DomainError | None = None,
    secret: Secret | None = None,
    status: int = 200,
) -> Response[bytes]:
    language = language_of(request)
    rows = [
        _row(one, await webhooks.deliveries(viewer, one.id), viewer, language) for one in await webhooks.listed(viewer)
    ]
    context: dict[str, object] = {
        "rows": rows,
        "kinds": [(kind.value, event_text(kind, language)) for kind in EventType],
        "given": given or {"url": "", "description": ""},
        "chosen": list(EventType) if chosen is None else chosen,
        "problems": problems or {},
        "refusal": translate(language, refusal.detail, **refusal.values) if refusal is not None else "",
        "secret": secret,
    }
    if refusal is not None:
        status = refusal.status
    headers = {"Cache-Control": "no-store"}
    return page(request, "management/webhooks.html", context, status=status, headers=headers)


def _row(endpoint: Endpoint, deliveries: list[Delivery], viewer: Viewer, language: str) -> EndpointRow:
    maker = viewer.office.people.get(endpoint.made_by)
    return EndpointRow(
        endpoint=endpoint,
        events=[event_text(kind, language) for kind in endpoint.events],
        off="" if endpoint.active else reason_text(endpoint.reason, language),
        trouble=error_text(endpoint.last_error, language) if endpoint.failures else "",
        made_by=maker.name if maker is not None else "–",
        deliveries=[
            DeliveryRow(
                what=event_text(one.kind, language),
                number=one.number,
                state=state_text(one.state, language),
                state_code=one.state,
                attempts=one.attempts,
                created_at=one.created_at,
                next_try_at=one.next_try_at if one.attempts else None,
                error=error_text(one.last_error, language),
            )
            for one in deliveries
        ],
    )


def _see_other(address: str) -> Response[bytes]:
    """303 to a page of our own."""
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": address})


ROUTES: list[ControllerRouterHandler] = [
    webhooks_page, make_webhook, rotate_webhook, act_on_webhook, back_to_webhooks,
]  # fmt: skip
