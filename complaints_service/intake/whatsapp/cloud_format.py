"""The Cloud API's webhook: ``entry[].changes[].value`` with ``messages[]`` and ``statuses[]``."""

from __future__ import annotations

import contextlib
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
    mapping,
    members,
    name_of,
    optional_identifier,
    part,
    place,
    words,
)

_FILES = ("image", "document", "video")


def items(envelope: dict[str, object]) -> Iterator[Item]:
    """What the delivery tells, in its order. Raises Unreadable only when the envelope itself has another shape."""
    if envelope.get("object") != "whatsapp_business_account":
        yield Ignored("another object")
        return
    for entry in members(envelope, "entry"):
        try:
            changes = members(mapping(entry), "changes")
        except Unreadable as error:
            yield SetAside(_mark(entry), str(error))
            continue
        for change in changes:
            try:
                found = list(_change(mapping(change)))
            except Unreadable as error:
                yield SetAside(_mark(change), str(error))
            else:
                yield from found


def _change(change: dict[str, object]) -> Iterator[Item]:
    if change.get("field") != "messages":
        yield Ignored("another field")
        return
    value = part(change, "value")
    names = dict(_profile_names(value))
    for message in members(value, "messages"):
        yield _readable(message, names)
    for status in members(value, "statuses"):
        yield _status(status)


def _readable(raw: object, names: dict[str, str]) -> Item:
    try:
        return _message(mapping(raw), names)
    except Unreadable as error:
        return SetAside(_mark(raw), str(error))


def _mark(raw: object) -> str:
    """The message's own id where it has one, so that an improved later delivery is the same message; else a digest of it."""
    with contextlib.suppress(Unreadable):
        return identifier(mapping(raw), "id")
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def _message(message: dict[str, object], names: dict[str, str]) -> Inbound | Ignored:
    if part(message, "context").get("group_id") or message.get("group_id"):
        return Ignored("a group")
    # Since 2026 a person may be known only by a business-scoped user id, without a telephone number.
    address = optional_identifier(message, "from") or identifier(message, "user_id")
    kind, text, choice = _content(message)
    return Inbound(
        provider=Provider.CLOUD,
        message_id=identifier(message, "id"),
        address=address,
        at=instant(message.get("timestamp")),
        kind=kind,
        text=text,
        choice=choice,
        profile_name=names.get(address),
        reply_to=optional_identifier(part(message, "context"), "id"),
    )


def _content(message: dict[str, object]) -> tuple[InboundKind, str, str | None]:
    kind = message.get("type")
    if kind == "text":
        return InboundKind.TEXT, words(part(message, "text"), "body"), None
    if kind == "interactive":
        interactive = part(message, "interactive")
        chosen = part(interactive, "button_reply") or part(interactive, "list_reply")
        return InboundKind.CHOICE, words(chosen, "title"), optional_identifier(chosen, "id")
    if kind == "button":
        button = part(message, "button")
        return InboundKind.CHOICE, words(button, "text"), optional_identifier(button, "payload")
    if kind == "location":
        return InboundKind.LOCATION, place(part(message, "location"), "latitude", "longitude"), None
    if kind in _FILES:
        return InboundKind.FILE, words(part(message, str(kind)), "caption"), None
    simple = {"audio": InboundKind.VOICE, "sticker": InboundKind.STICKER, "reaction": InboundKind.REACTION}
    return simple.get(str(kind), InboundKind.OTHER), "", None


def _profile_names(value: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Names by address; a contact that cannot be read costs the name, not the message."""
    for raw in members(value, "contacts"):
        try:
            contact = mapping(raw)
            name = name_of(part(contact, "profile"), "name")
            for key in ("wa_id", "user_id"):
                address = optional_identifier(contact, key)
                if address and name:
                    yield address, name
        except Unreadable:
            continue


def _status(raw: object) -> Item:
    try:
        status = mapping(raw)
        state = status.get("status")
        if state not in tuple(Delivered):
            return Ignored("another status")
        errors = [mapping(error).get("code") for error in members(status, "errors")]
        code = next((code for code in errors if isinstance(code, int)), None)
        return Status(provider_id=identifier(status, "id"), state=Delivered(str(state)), error_code=code)
    except Unreadable as error:
        return Ignored(f"a status: {error}")
