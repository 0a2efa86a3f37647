"""``/api/v1/webhooks``: endpoints of outgoing webhooks, for administrators. Only translates and calls the service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.office.model import Role
from complaints_service.web.bodies import read_json
from complaints_service.web.operations import Api
from complaints_service.webhooks.model import Endpoint
from complaints_service.webhooks.pages import ROUTES as PAGES
from complaints_service.webhooks.service import Webhooks

AnyRequest = Request[Any, Any, Any]
_ONCE = {"Cache-Control": "no-store"}


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``events``: any of complaint.received, complaint.status_changed, complaint.escalated, feedback.cycle_closed."""

    url: str
    events: list[str]
    description: str = ""


class WebhookAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint. ``reason`` it is off: by_hand, or gone (the receiver answered 410); ``failures``: how many in a row."""

    id: int
    url: str
    description: str
    events: list[str]
    active: bool
    reason: str | None
    disabled_at: datetime | None
    made_at: datetime
    old_secret_until: datetime | None
    failures: int
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_error: str | None


class WebhookList(msgspec.Struct, frozen=True, kw_only=True):
    """All endpoints of the office; there is never a second page."""

    items: list[WebhookAnswer]
    next_cursor: str | None = None


class MadeWebhook(WebhookAnswer, frozen=True, kw_only=True):
    """The secret is shown this once."""

    secret: str


class RotatedWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """The new secret, shown this once; the old one signs too until ``old_secret_until``."""

    id: int
    secret: str
    old_secret_until: datetime


class TestQueued(msgspec.Struct, frozen=True, kw_only=True):
    """``id``: the webhook-id under which the test arrives."""

    id: str


class WebhookController(Controller):
    """Administrators, or their API tokens with the scope ``webhooks``."""

    path = "/api/v1/webhooks"
    tags = ("Webhooks",)

    @get(summary="Endpoints of outgoing webhooks")
    async def listed(self, viewer: Viewer, webhooks: Webhooks) -> WebhookList:
        """With how each answers; never with its secret."""
        return WebhookList(
            items=[msgspec.convert(_answer(one), WebhookAnswer) for one in await webhooks.listed(viewer)]
        )

    @post(status_code=201, summary="Add an endpoint", api=Api(reads=NewWebhook, refuses=(409,)))
    async def make(self, request: AnyRequest, writer: Viewer, webhooks: Webhooks) -> Response[MadeWebhook]:
        """The answer holds the secret (``whsec_...``), this once."""
        writer.require(Role.ADMIN)
        new = await read_json(request, NewWebhook)
        made, secret = await webhooks.make(writer, new.url, new.description, new.events)
        return Response(
            msgspec.convert({**_answer(made), "secret": secret}, MadeWebhook), status_code=201, headers=_ONCE
        )

    @delete("/{webhook_id:int}", status_code=204, summary="Remove an endpoint")
    async def remove(self, webhook_id: int, writer: Viewer, webhooks: Webhooks) -> None:
        """It gets nothing more; what waited for it is cancelled."""
        await webhooks.remove(writer, webhook_id)

    @post("/{webhook_id:int}/rotate", status_code=200, summary="A new secret")
    async def rotate(self, webhook_id: int, writer: Viewer, webhooks: Webhooks) -> Response[RotatedWebhook]:
        """Shown this once. For 24 hours messages carry a signature by the old secret too."""
        rotated = await webhooks.rotate(writer, webhook_id)
        answer = RotatedWebhook(id=webhook_id, secret=rotated.secret, old_secret_until=rotated.old_secret_until)
        return Response(answer, headers=_ONCE)

    @post("/{webhook_id:int}/test", status_code=202, summary="Send a test message", api=Api(refuses=(409,)))
    async def test(self, webhook_id: int, writer: Viewer, webhooks: Webhooks) -> TestQueued:
        """A message of type ``webhook.test`` without data leaves like every other one."""
        return TestQueued(id=await webhooks.test(writer, webhook_id))


def _answer(endpoint: Endpoint) -> dict[str, object]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": list(endpoint.events),
        "active": endpoint.active,
        "reason": endpoint.reason,
        "disabled_at": endpoint.disabled_at,
        "made_at": endpoint.made_at,
        "old_secret_until": endpoint.old_secret_until,
        "failures": endpoint.failures,
        "last_success_at": endpoint.worked_at,
        "last_failure_at": endpoint.failed_at,
        "last_error": endpoint.last_error,
    }


ROUTES: list[ControllerRouterHandler] = [WebhookController, *PAGES]
