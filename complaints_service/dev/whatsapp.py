"""``/dev/whatsapp``: a phone in the browser. It speaks the real wire format: a signed webhook to our own endpoint."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Any, cast
from urllib.parse import urlencode

import httpx
import msgspec
from litestar import Request, Response, Router, get, post
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from complaints_service.clock import machine_now
from complaints_service.dev.local_only import local_only
from complaints_service.dev.whatsapp_gateway import cloud_messages, gowa_message
from complaints_service.dev.whatsapp_kept import Direction, KeptMessages
from complaints_service.dev.whatsapp_wire import Typed, webhook
from complaints_service.errors import FieldProblem, Invalid, Unavailable
from complaints_service.intake.whatsapp.inbound import Provider
from complaints_service.intake.whatsapp.signature import HEADER, sign
from complaints_service.settings import Settings, WhatsAppProvider
from complaints_service.web.pages import PageRequest, page

AnyRequest = Request[Any, Any, Any]

NUMBER = "6281234567890"
NAME = "Siti Rahma"
SHOWN = 100
# The worker needs a moment to send the reply.
LOOK_AGAIN_SECONDS = 2
_NUMBER = re.compile(r"[1-9]\d{5,14}")


class SentMessage(msgspec.Struct, frozen=True):
    """What ``/dev/whatsapp.json`` tells of a message the service sent; ``payload`` is what went over the wire.

    ``id`` is the gateway's: statuses name a message by it.
    """

    id: str
    to: str
    text: str
    buttons: list[dict[str, str]]
    gateway: str
    received_at: str
    payload: object


@get("/dev/whatsapp.json", include_in_schema=False)
async def sent_messages(settings: Settings) -> list[SentMessage]:
    """Messages the service sent through the development gateway, newest first."""
    kept = await asyncio.to_thread(KeptMessages(settings.data_dir).newest_first, Direction.SENT)
    return [
        SentMessage(
            id=message.gateway_id or message.id,
            to=message.number,
            text=message.text,
            buttons=[{"id": button.id, "title": button.title} for button in message.buttons],
            gateway=message.gateway,
            received_at=message.at.isoformat(),
            payload=message.payload,
        )
        for message in kept
    ]


@get("/dev/whatsapp", include_in_schema=False)
async def phone(request: PageRequest, settings: Settings) -> Response[bytes]:
    """The chat of one number; buttons under the newest message can be tapped."""
    number = request.query_params.get("number") or NUMBER
    kept = KeptMessages(settings.data_dir)
    everything = await asyncio.to_thread(kept.newest_first)
    messages = [message for message in everything if message.number == number][:SHOWN]
    context = {
        "number": number,
        "name": request.query_params.get("name") or NAME,
        "numbers": sorted({message.number for message in everything} | {NUMBER}),
        "messages": messages[::-1],
    }
    headers: dict[str, str] = {}
    if request.query_params.get("sent") and (not messages or messages[0].direction is Direction.RECEIVED):
        headers["Refresh"] = str(LOOK_AGAIN_SECONDS)
    return page(request, "dev/whatsapp.html", context, headers=headers)


@post("/dev/whatsapp", status_code=303, include_in_schema=False)
async def write(request: AnyRequest, settings: Settings) -> Redirect:
    """Send what was typed or tapped, as the gateway would, and come back to the chat."""
    form = await request.form()
    number, name, text = (str(form.get(field) or "").strip() for field in ("number", "name", "text"))
    choice = str(form.get("choice") or "") or None
    if not _NUMBER.fullmatch(number):
        raise Invalid([FieldProblem("/number", "number", "Write the number with its country code, digits only.")])
    if text:
        gowa = settings.whatsapp_provider is WhatsAppProvider.GOWA
        await _deliver(request, settings, Provider.GOWA if gowa else Provider.CLOUD, number, name or NAME, text, choice)
    return Redirect("/dev/whatsapp?" + urlencode({"number": number, "name": name or NAME, "sent": 1}), status_code=303)


async def _deliver(
    request: AnyRequest, settings: Settings, provider: Provider, number: str, name: str, text: str, choice: str | None
) -> None:
    """Post the signed webhook through the whole application. Raises Unavailable when it is not taken."""
    typed = Typed(
        number=number,
        name=name,
        text=text,
        choice=choice,
        message_id=f"wamid.{secrets.token_hex(16)}",
        at=int(machine_now().timestamp()),
    )
    body = webhook(provider, typed)
    kept = KeptMessages(settings.data_dir)
    await asyncio.to_thread(kept.keep, Direction.RECEIVED, provider.value, number, text)
    headers = {HEADER: sign(settings.whatsapp_app_secret or "", body), "Content-Type": "application/json"}
    # The application itself, not its address: the same way in, whatever stands before it.
    transport = httpx.ASGITransport(cast("Any", request.app))
    async with httpx.AsyncClient(transport=transport, base_url=settings.base_url, timeout=30) as client:
        answer = await client.post(f"/webhooks/whatsapp/{provider.value}", content=body, headers=headers)
    if not answer.is_success:
        raise Unavailable


ROUTES: list[ControllerRouterHandler] = [
    Router(
        path="/",
        guards=[local_only],
        route_handlers=[sent_messages, phone, write, cloud_messages, gowa_message],
    )
]
