"""Reading what comes from outside: every way in which JSON or a form can be wrong has its clear refusal, before anything is done."""

from __future__ import annotations

import re
import typing
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar.datastructures import FormMultiDict

from complaints_service.errors import FieldProblem, Invalid, Malformed
from complaints_service.web.pages import PageRequest
from complaints_service.web.problems import UnsupportedMedia

T = TypeVar("T")

# An escaped NUL, not preceded by an odd backslash: PostgreSQL cannot store it, and nobody means it.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
NOT_JSON = "The request is not valid JSON. Check commas, quotes and brackets."
NUL_DETAIL = "The text holds a character (NUL) that cannot be stored."
_PATH = re.compile(r" - at `(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


async def read_json(request: PageRequest, kind: type[T]) -> T:
    """The body as a value of ``kind``.

    Raises Malformed (no JSON, no UTF-8), UnsupportedMedia, Invalid (wrong, missing or unknown field, NUL).
    """
    content_type = request.headers.get("content-type", "")
    if content_type and "json" not in content_type:
        raise UnsupportedMedia("Send JSON with Content-Type: application/json.")
    return decode_json(await request.body(), kind)


def document_in(raw: msgspec.Raw) -> object:
    """What stands in a part of a body that was taken as it is. Raises Malformed: such a part is not looked into before."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(NOT_JSON, code="not_json") from error


def read_query(request: PageRequest, kind: type[T]) -> T:
    """The query of the address as a value of ``kind``. Raises Invalid (wrong, unknown or repeated parameter)."""
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    if len(pairs) > len({name for name, _ in pairs}):
        raise Invalid([FieldProblem("", "repeated_parameter", "Send each parameter once.")])
    try:
        return msgspec.convert(dict(pairs), type=kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid([_problem(str(error))]) from error


async def form_fields(request: PageRequest) -> FormMultiDict:
    """The fields of a form, of either encoding. Raises Malformed for parts that are no UTF-8 (the framework's parser only fails)."""
    try:
        return await request.form()
    except UnicodeDecodeError as error:
        raise Malformed("The text is not valid UTF-8. Send the request in UTF-8.", code="not_utf8") from error


def decode_json(raw: bytes, kind: type[T]) -> T:
    """As ``read_json``, from bytes."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise Malformed("The text is not valid UTF-8. Send the request in UTF-8.", code="not_utf8") from error
    if _NUL.search(raw):
        raise Invalid([FieldProblem(_place_of_nul(raw), "nul_character", NUL_DETAIL)])
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise Invalid([_problem(str(error))]) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(NOT_JSON, code="not_json") from error


def _place_of_nul(raw: bytes) -> str:
    """JSON pointer of the first text that holds one; "" where the body is no JSON, or the name of a field holds it."""
    try:
        waiting: list[tuple[str, object]] = [("", msgspec.json.decode(raw))]
    except (msgspec.DecodeError, RecursionError):
        return ""
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, str) and "\0" in value:
            return pointer
        inner: list[tuple[object, object]] = []
        if isinstance(value, dict):
            inner = list(typing.cast("dict[object, object]", value).items())
        elif isinstance(value, list):
            inner = list(enumerate(typing.cast("list[object]", value)))
        for name, part in reversed(inner):
            step = str(name).replace("~", "~0").replace("/", "~1")
            if "\0" not in step:
                waiting.append((f"{pointer}/{step}", part))
    return ""


def _problem(text: str) -> FieldProblem:
    """msgspec's message as a field problem: where, and what to do; it never repeats what was sent."""
    place = _PATH.search(text)
    pointer = _pointer(place["path"]) if place else ""
    message = _PATH.sub("", text)
    if unknown := re.match(r"Object contains unknown field `([A-Za-z0-9_.-]{1,60})`", message):
        return FieldProblem(
            f"{pointer}/{unknown[1]}", "unknown_field", "This field is not known here; leave it out or check its name."
        )
    if message.startswith("Object contains unknown field"):
        return FieldProblem(pointer, "unknown_field", "This field is not known here; leave it out or check its name.")
    if missing := re.match(r"Object missing required field `(\w+)`", message):
        return FieldProblem(f"{pointer}/{missing[1]}", "missing_field", "This field is required.")
    if limit := re.match(r"Expected `(?:str|array|list)` of length (<=|>=) (\d+)", message):
        long = limit[1] == "<="
        detail = "Shorten it to at most {limit}." if long else "It needs at least {limit}."
        return FieldProblem(pointer, "too_long" if long else "too_short", detail, {"limit": int(limit[2])})
    if limit := re.match(r"Expected `(?:int|float)` (<=|>=) (-?\d+)", message):
        detail = "Choose a number of at most {limit}." if limit[1] == "<=" else "Choose a number of at least {limit}."
        return FieldProblem(pointer, "out_of_range", detail, {"limit": limit[2]})
    if message.startswith(("Invalid enum value", "Invalid value")):
        return FieldProblem(pointer, "unknown_value", "This value is not one of those that are possible here.")
    if wrong := re.match(r"Expected `([a-z |]+)`, got `([a-z]+)`", message):
        return FieldProblem(
            pointer, "wrong_type", "Send {wanted} here, not {got}.", {"wanted": wrong[1], "got": wrong[2]}
        )
    return FieldProblem(pointer, "invalid_value", "This value cannot be used here.")


def _pointer(path: str) -> str:
    """msgspec's ``$.reporter.name`` or ``$.items[2]`` as a JSON pointer."""
    return "".join(f"/{name or index}" for name, index in _STEP.findall(path.removeprefix("$")))
