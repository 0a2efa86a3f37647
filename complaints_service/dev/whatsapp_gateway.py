"""Both gateways' send endpoints, for development: they take what the real ones take, refuse what those refuse, and keep it."""

from __future__ import annotations

import base64
import secrets
from typing import Any

import msgspec
from litestar import Request, Response, post

from complaints_service.dev.whatsapp_kept import Direction, KeptMessages
from complaints_service.dev.whatsapp_wire import NotTaken, Shown, shown_by_cloud, shown_by_gowa
from complaints_service.intake.whatsapp.inbound import Provider
from complaints_service.intake.whatsapp.signature import same_token
from complaints_service.settings import Settings

AnyRequest = Request[Any, Any, Any]


@post(
    [
        "/dev/whatsapp/cloud/{phone_number_id:str}/messages",
        "/dev/whatsapp/cloud/{version:str}/{phone_number_id:str}/messages",
    ],
    status_code=200,
    include_in_schema=False,
)
async def cloud_messages(request: AnyRequest, settings: Settings) -> Response[dict[str, object]]:
    """``POST /<version>/<phone_number_id>/messages`` of the Cloud API."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not same_token(settings.whatsapp_access_token, token):
        return _cloud_error(401, 190, "Invalid OAuth access token")
    try:
        payload = msgspec.json.decode(await request.body())
        shown = shown_by_cloud(payload)
    except (NotTaken, ValueError) as error:
        return _cloud_error(400, 100, f"Invalid parameter: {error}")
    kept = _keep(settings, Provider.CLOUD, shown, payload)
    contacts = [{"input": shown.number, "wa_id": shown.number}]
    return Response({"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": kept}]})


@post(["/dev/whatsapp/gowa/send/message", "/dev/whatsapp/cloud/send/message"], status_code=200, include_in_schema=False)
async def gowa_message(request: AnyRequest, settings: Settings) -> Response[dict[str, object]]:
    """``POST /send/message`` of go-whatsapp-web-multidevice."""
    expected = base64.b64encode((settings.whatsapp_access_token or "").encode()).decode()
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or not same_token(expected, given):
        return Response({"code": "UNAUTHORIZED", "message": "Unauthorized"}, status_code=401)
    try:
        payload = msgspec.json.decode(await request.body())
        shown = shown_by_gowa(payload)
    except (NotTaken, ValueError) as error:
        return Response({"code": "VALIDATION_ERROR", "message": str(error)}, status_code=400)
    kept = _keep(settings, Provider.GOWA, shown, payload)
    results = {"message_id": kept, "status": "Message sent"}
    return Response({"code": "SUCCESS", "message": "Message sent", "results": results})


def _keep(settings: Settings, provider: Provider, shown: Shown, payload: object) -> str:
    """Written down before the answer, like a gateway that has taken a message; returns the gateway's id of it."""
    name = f"wamid.{secrets.token_hex(16)}" if provider is Provider.CLOUD else secrets.token_hex(10).upper()
    kept = KeptMessages(settings.data_dir)
    kept.keep(
        Direction.SENT,
        provider.value,
        shown.number,
        shown.text,
        shown.buttons,
        gateway_id=name,
        payload=payload,
    )
    return name


def _cloud_error(status: int, code: int, message: str) -> Response[dict[str, object]]:
    kind = "OAuthException"
    return Response({"error": {"message": message, "type": kind, "code": code}}, status_code=status)
