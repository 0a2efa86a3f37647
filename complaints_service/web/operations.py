"""What an operation of the API reads and answers, told beside its route: ``@post("/api/...", api=Api(reads=NewDevice))``.

``web/openapi.py`` makes the description out of this and of the handler's own signature. What follows from the signature (who may come,
what a wrong body or a place in the path answers) is not told here a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")


class Proof(StrEnum):
    """What shows who asks, where it is not the session or an API token (those follow from ``viewer`` and ``writer``)."""

    SIGNED_IN = "signed_in"
    NOBODY = "nobody"
    TRACKING_CODE = "tracking_code"
    DEVICE = "device"
    SIGNATURE = "signature"
    CASE_COOKIE = "case_cookie"


class Header(msgspec.Struct, frozen=True):
    """A header of a request: its name, what may stand in it, and whether it has to be there."""

    name: str
    about: str
    schema: Mapping[str, str | int] | None = None
    required: bool = False


class Api(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation reads and answers.

    ``reads``: the type that ``read_json`` is given (``query``: that of ``read_query``); several types: any one of them. ``file``: a
    multipart form with one file instead.
    ``gives``: what a success holds, where the handler's annotation does not say it; ``media``: its content type. ``also``: other
    successes by status. ``tells``: headers of a success. ``refuses``: statuses that do not follow from the signature.
    """

    reads: object = None
    query: type | None = None
    file: str | None = None
    gives: object = None
    media: tuple[str, ...] = ("application/json",)
    also: dict[int, object] = {}
    sends: tuple[Header, ...] = ()
    tells: tuple[str, ...] = ()
    refuses: tuple[int, ...] = ()
    by: Proof = Proof.NOBODY


class Items(msgspec.Struct, Generic[T], frozen=True):
    """A list that never has a second page; every list has these two members."""

    items: list[T]
    next_cursor: str | None = None


class WrongField(msgspec.Struct, frozen=True):
    """One wrong field: its place as a JSON pointer, a code for programs, and what to do."""

    pointer: str
    code: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal (RFC 9457). ``errors`` come with 422, ``allowed`` (what could be done instead) with 409."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | msgspec.UnsetType = msgspec.UNSET
    trace_id: str | msgspec.UnsetType = msgspec.UNSET
    errors: list[WrongField] | msgspec.UnsetType = msgspec.UNSET
    allowed: list[str] | msgspec.UnsetType = msgspec.UNSET


_KEY = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"}
KEY_NEEDED = Header("Idempotency-Key", "Your own value for each complaint: sending twice makes one ticket.", _KEY, True)
KEY_POSSIBLE = Header("Idempotency-Key", "Your own value: sending twice does it once.", _KEY)
VERSION_NEEDED = Header(
    "If-Match",
    'The ETag of what you have seen, such as "3".',
    {"type": "string", "pattern": '^(W/)?"[0-9]{1,9}"$'},
    True,
)
VERSION_POSSIBLE = Header(
    "If-Match", "The ETag of the list you have seen.", {"type": "string", "pattern": '^((W/)?"[0-9]{1,9}"|\\*)$'}
)
PREFER = Header("Prefer", "respond-async: answer 202 at once and work on (RFC 7240).")
LAST_EVENT = Header("Last-Event-ID", "The id of the last event you have.")

# Headers of an answer, by name.
TOLD = {
    "ETag": "The version, for If-Match.",
    "Link": 'rel="next": the next page.',
    "Location": "Where what was made is found.",
    "Idempotent-Replayed": "true: this is the first answer again.",
    "Retry-After": "Seconds to wait.",
    "Preference-Applied": "The preference that was followed.",
    "WWW-Authenticate": "How to prove who you are.",
}


def _component(kind: str) -> dict[str, object]:
    return {"$ref": f"#/components/schemas/{kind}"}


# Documents that are read as they are and judged whole, so that every mistake in them is named at once.
POLICY = Annotated[msgspec.Raw, Meta(extra_json_schema=_component("PolicyDocument"))]
CALENDAR = Annotated[msgspec.Raw, Meta(extra_json_schema=_component("CalendarDocument"))]
# Not "Raw | None": msgspec takes nothing but null for that.
POLICY_OR_NULL = Annotated[
    msgspec.Raw, Meta(extra_json_schema={"anyOf": [_component("PolicyDocument"), {"type": "null"}]})
]
CALENDAR_OR_NULL = Annotated[
    msgspec.Raw, Meta(extra_json_schema={"anyOf": [_component("CalendarDocument"), {"type": "null"}]})
]


def null() -> msgspec.Raw:
    """What a document is that was left out (``default_factory``)."""
    return msgspec.Raw(b"null")
