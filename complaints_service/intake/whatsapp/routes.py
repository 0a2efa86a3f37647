"""The webhooks of both gateways. The signature is over the raw body and is checked before anything is read from it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.errors import Forbidden, Malformed, NotFound
from complaints_service.intake.whatsapp.inbound import Provider
from complaints_service.intake.whatsapp.parse import parse
from complaints_service.intake.whatsapp.service import WhatsApp
from complaints_service.intake.whatsapp.signature import HEADER, same_token, signed_by
from complaints_service.settings import Settings
from complaints_service.web.operations import Api, Proof

AnyRequest = Request[Any, Any, Any]

LARGEST_BODY = 1_000_000
LONGEST_CHALLENGE = 200


class TakenIn(msgspec.Struct, frozen=True):
    """How many messages and receipts were in the delivery."""

    items: int


@get(
    "/webhooks/whatsapp/cloud",
    media_type="text/plain",
    tags=["Machines"],
    summary="Subscription handshake",
    api=Api(media=("text/plain",), refuses=(400, 403)),
)
async def handshake(request: AnyRequest, settings: Settings) -> Response[str]:
    """Echoes ``hub.challenge`` to whoever knows the verify token; 403 to all others."""
    asked = request.query_params
    challenge = asked.get("hub.challenge") or ""
    if asked.get("hub.mode") != "subscribe" or not same_token(
        settings.whatsapp_verify_token, asked.get("hub.verify_token")
    ):
        raise Forbidden("The verify token is not the one of this service.")
    if not challenge or len(challenge) > LONGEST_CHALLENGE or not challenge.isprintable():
        raise Malformed("The challenge is missing.")
    return Response(challenge, media_type="text/plain")


@post(
    "/webhooks/whatsapp/cloud",
    status_code=200,
    request_max_body_size=LARGEST_BODY,
    tags=["Machines"],
    summary="Messages of the Cloud API",
    api=Api(reads=dict[str, object], gives=TakenIn, by=Proof.SIGNATURE, refuses=(404, 503)),
)
async def cloud(request: AnyRequest, settings: Settings, whatsapp: WhatsApp) -> TakenIn:
    """Answers 200 when everything in the delivery is committed, 503 when it should be delivered again."""
    return await _take_in(request, settings, whatsapp, Provider.CLOUD)


@post(
    "/webhooks/whatsapp/gowa",
    status_code=200,
    request_max_body_size=LARGEST_BODY,
    tags=["Machines"],
    summary="Messages of go-whatsapp-web-multidevice",
    api=Api(reads=dict[str, object], gives=TakenIn, by=Proof.SIGNATURE, refuses=(404, 503)),
)
async def gowa(request: AnyRequest, settings: Settings, whatsapp: WhatsApp) -> TakenIn:
    """Answers 200 when the event is committed, 503 when it should be delivered again."""
    return await _take_in(request, settings, whatsapp, Provider.GOWA)


async def _take_in(request: AnyRequest, settings: Settings, whatsapp: WhatsApp, provider: Provider) -> TakenIn:
    # One gateway in production; development speaks both wire formats.
    if settings.whatsapp_app_secret is None or not (settings.dev or settings.whatsapp_provider == provider):
        raise NotFound
    body = await request.body()
    if not signed_by(settings.whatsapp_app_secret, body, request.headers.get(HEADER)):
        raise Forbidden("The signature does not belong to this body.", code="forged_signature")
    items = parse(provider, body)
    await whatsapp.take_in(provider, items)
    return TakenIn(len(items))


ROUTES: list[ControllerRouterHandler] = [handshake, cloud, gowa]
