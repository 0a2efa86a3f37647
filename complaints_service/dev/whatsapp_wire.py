"""The gateways' side of both wire formats: what a phone sends becomes a webhook, what the service sends becomes a message. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import cast

import msgspec

from complaints_service.dev.whatsapp_kept import ShownButton
from complaints_service.intake.whatsapp.inbound import Provider

# What the Cloud API refuses.
_TEXT, _BUTTON_TEXT, _TITLE, _BUTTONS, _BUTTON_ID = 4096, 1024, 20, 3, 256


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody typed or tapped on the phone; ``choice`` is the id of a tapped button. ``at``: seconds since 1970."""

    number: str
    name: str
    text: str
    choice: str | None
    message_id: str
    at: int


class Shown(msgspec.Struct, frozen=True):
    """A message of the service as the phone shows it."""

    number: str
    text: str
    buttons: tuple[ShownButton, ...] = ()


class NotTaken(ValueError):
    """The gateway would refuse this request; the text says why."""


def webhook(provider: Provider, typed: Typed) -> bytes:
    """The body that the gateway would post."""
    document = _cloud(typed) if provider is Provider.CLOUD else _gowa(typed)
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _cloud(typed: Typed) -> dict[str, object]:
    message: dict[str, object] = {"from": typed.number, "id": typed.message_id, "timestamp": str(typed.at)}
    if typed.choice is None:
        message |= {"type": "text", "text": {"body": typed.text}}
    else:
        reply = {"type": "button_reply", "button_reply": {"id": typed.choice, "title": typed.text}}
        message |= {"type": "interactive", "interactive": reply}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "100000000000001"},
        "contacts": [{"profile": {"name": typed.name}, "wa_id": typed.number}],
        "messages": [message],
    }
    changes = [{"field": "messages", "value": value}]
    return {"object": "whatsapp_business_account", "entry": [{"id": "100000000000002", "changes": changes}]}


def _gowa(typed: Typed) -> dict[str, object]:
    jid = f"{typed.number}@s.whatsapp.net"
    payload = {
        "id": typed.message_id,
        "chat_id": jid,
        "from": jid,
        "from_name": typed.name,
        "timestamp": datetime.fromtimestamp(typed.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "is_from_me": False,
        "body": typed.text,
    }
    return {"event": "message", "device_id": "628000000000@s.whatsapp.net", "payload": payload}


def shown_by_cloud(payload: object) -> Shown:
    """What ``POST /<phone_number_id>/messages`` asks for. Raises NotTaken as the Cloud API would refuse it."""
    body = _object(payload, "body")
    if body.get("messaging_product") != "whatsapp":
        raise NotTaken("messaging_product must be whatsapp")
    number = _text(body, "to", 100)
    match body.get("type"):
        case "text":
            return Shown(number, _text(_object(body.get("text"), "text"), "body", _TEXT))
        case "interactive":
            interactive = _object(body.get("interactive"), "interactive")
            text = _text(_object(interactive.get("body"), "interactive.body"), "text", _BUTTON_TEXT)
            return Shown(number, text, _buttons(interactive))
        case "template":
            return Shown(number, f"[{_text(_object(body.get('template'), 'template'), 'name', 512)}]")
        case _:
            raise NotTaken("type must be text, interactive or template")


def shown_by_gowa(payload: object) -> Shown:
    """What ``POST /send/message`` asks for. Raises NotTaken."""
    body = _object(payload, "body")
    return Shown(_text(body, "phone", 100).partition("@")[0], _text(body, "message", 65_536))


def _buttons(interactive: dict[str, object]) -> tuple[ShownButton, ...]:
    buttons = _object(interactive.get("action"), "action").get("buttons")
    if not isinstance(buttons, list) or not 0 < len(cast("list[object]", buttons)) <= _BUTTONS:
        raise NotTaken("action.buttons must be 1 to 3")
    shown: list[ShownButton] = []
    for button in cast("list[object]", buttons):
        reply = _object(_object(button, "button").get("reply"), "reply")
        shown.append(ShownButton(_text(reply, "id", _BUTTON_ID), _text(reply, "title", _TITLE)))
    if len({button.id for button in shown}) < len(shown) or len({button.title for button in shown}) < len(shown):
        raise NotTaken("buttons must differ")
    return tuple(shown)


def _object(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise NotTaken(f"{name} must be an object")
    return cast("dict[str, object]", value)


def _text(parent: dict[str, object], name: str, longest: int) -> str:
    value = parent.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise NotTaken(f"{name} must be a text of 1 to {longest} characters")
    return value
