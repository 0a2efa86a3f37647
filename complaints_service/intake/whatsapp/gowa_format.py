"""The webhook of go-whatsapp-web-multidevice: one ``event`` with its ``payload``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from complaints_service.intake.whatsapp.inbound import (
    Delivered,
    Ignored,
    Inbound,
    InboundKind,
    Item,
    Provider,
    SetAside,
    Status,
)
from complaints_service.intake.whatsapp.wire import (
    Unreadable,
    identifier,
    instant,
    members,
    name_of,
    optional_identifier,
    part,
    place,
    words,
)

_PEOPLE = ("s.whatsapp.net", "lid")
_FILES = ("image", "document", "video", "video_note")
_SIMPLE = {"audio": InboundKind.VOICE, "sticker": InboundKind.STICKER, "reaction": InboundKind.REACTION}


def items(envelope: dict[str, object]) -> Iterator[Item]:
    """What the delivery tells. Never raises: a payload that cannot be read is set aside."""
    event = envelope.get("event")
    try:
        payload = part(envelope, "payload")
        if event == "message":
            yield _message(payload)
        elif event == "message.ack":
            yield from _receipts(payload)
        else:
            yield Ignored("another event")
    except Unreadable as error:
        yield SetAside(_mark(envelope), str(error)) if event == "message" else Ignored(f"an event: {error}")


def person_address(jid: str) -> str | None:
    """The address without the number of the person's device, or None for a group, newsletter or broadcast."""
    user, _, server = jid.partition("@")
    user = user.partition(":")[0]
    return f"{user}@{server}" if user and server in _PEOPLE else None


def _message(payload: dict[str, object]) -> Inbound | Ignored:
    if payload.get("is_from_me"):
        return Ignored("our own message")
    chat = optional_identifier(payload, "chat_id")
    address = person_address(identifier(payload, "from"))
    if address is None or (chat is not None and person_address(chat) is None):
        return Ignored("a group, newsletter or broadcast")
    kind, text = _content(payload)
    return Inbound(
        provider=Provider.GOWA,
        message_id=identifier(payload, "id"),
        address=address,
        at=instant(payload.get("timestamp")),
        kind=kind,
        text=text,
        profile_name=name_of(payload, "from_name"),
        reply_to=optional_identifier(payload, "replied_to_id"),
    )


def _content(payload: dict[str, object]) -> tuple[InboundKind, str]:
    for name, kind in _SIMPLE.items():
        if payload.get(name):
            return kind, ""
    for name in _FILES:
        media = payload.get(name)
        if media:
            # A path, or an object with a caption of its own.
            caption = words(part(payload, name), "caption") if isinstance(media, dict) else ""
            return InboundKind.FILE, words(payload, "body") or caption
    if payload.get("location"):
        location = part(payload, "location")
        names = ("degreesLatitude", "degreesLongitude") if "degreesLatitude" in location else ("latitude", "longitude")
        return InboundKind.LOCATION, place(location, *names)
    text = words(payload, "body")
    return (InboundKind.TEXT if text else InboundKind.OTHER), text


def _receipts(payload: dict[str, object]) -> Iterator[Item]:
    kind = payload.get("receipt_type")
    if kind not in tuple(Delivered):
        yield Ignored("another receipt")
        return
    for provider_id in members(payload, "ids"):
        if isinstance(provider_id, str) and provider_id:
            yield Status(provider_id=provider_id, state=Delivered(str(kind)))


def _mark(envelope: dict[str, object]) -> str:
    try:
        return identifier(part(envelope, "payload"), "id")
    except Unreadable:
        return hashlib.sha256(json.dumps(envelope, sort_keys=True).encode()).hexdigest()
