"""Answers to work that goes on after its request: asked for by ``Prefer: respond-async`` (RFC 7240), told by 202 and where to look."""

from __future__ import annotations

import re

import msgspec
from litestar import Response

from complaints_service.intake.web.routes import json_response
from complaints_service.web.pages import PageRequest

_ASYNC = re.compile(r"(^|,)\s*respond-async\s*(;|,|$)", re.IGNORECASE)


def asks_for_async(request: PageRequest) -> bool:
    """Whether who asks would rather look again than wait."""
    return _ASYNC.search(request.headers.get("prefer", "")) is not None


def accepted(request: PageRequest, stands: msgspec.Struct, place: str) -> Response[bytes]:
    """202: how the work stands, and the address at which it is asked after."""
    headers = {"Location": place, "Retry-After": "1"}
    if asks_for_async(request):
        headers["Preference-Applied"] = "respond-async"
    return json_response(stands, status=202, headers=headers)
