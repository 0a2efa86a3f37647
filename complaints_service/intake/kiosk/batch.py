"""What a kiosk sends when the line is back: many complaints, each read and judged by itself. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from complaints_service.errors import FieldProblem, Invalid, Malformed
from complaints_service.intake.complaint_form import ComplaintBody
from complaints_service.intake.kiosk.model import MOST_ITEMS
from complaints_service.web.bodies import decode_json


class KioskItem(ComplaintBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A complaint with the kiosk's own id for it and the time it was filed on the screen."""

    client_id: UUID
    filed_at: datetime | None = None


class _Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: Annotated[list[msgspec.Raw], Meta(max_length=MOST_ITEMS)]


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a kiosk sends; an item that is wrong has its own problem in the answer, and stops none of the others."""

    items: Annotated[list[KioskItem], Meta(max_length=MOST_ITEMS)]


class _OnlyId(msgspec.Struct, frozen=True):
    client_id: UUID


def split(body: bytes) -> list[bytes]:
    """The items of a batch, still as bytes: what is wrong with one is no matter of the others.

    Raises Malformed when the body is no JSON, Invalid when it is no batch or one of more than MOST_ITEMS.
    """
    try:
        return [bytes(raw) for raw in msgspec.json.decode(body, type=_Batch).items]
    except msgspec.ValidationError as error:
        raise Invalid(
            [FieldProblem("/items", "not_a_batch", "Send items, a list of at most {most}.", {"most": MOST_ITEMS})]
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("The body is not valid JSON.") from error


def read_item(raw: bytes) -> KioskItem:
    """One item. Raises Malformed and Invalid like any body of the API."""
    item = decode_json(raw, KioskItem)
    if item.filed_at is not None and item.filed_at.tzinfo is None:
        detail = "Write the time with its zone, for example 2026-11-24T09:00:00+07:00."
        raise Invalid([FieldProblem("/filed_at", "no_zone", detail)])
    return item


def id_of(raw: bytes) -> str | None:
    """The id of an item that may be wrong in every other respect, so that the kiosk knows which one is meant."""
    try:
        return str(msgspec.json.decode(raw, type=_OnlyId).client_id)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
