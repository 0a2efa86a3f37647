"""Every refusal in one place: RFC 9457 problem+json for machines, a page in the reader's language for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException

from complaints_service.database import TRANSIENT, UNAVAILABLE
from complaints_service.errors import (
    DomainError,
    FieldProblem,
    Invalid,
    Malformed,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from complaints_service.i18n import translate
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page

PROBLEM_JSON = "application/problem+json"
_FOR_MACHINES = ("/api/", "/webhooks/", "/health/", "/schema", "/metrics")

Handler = Callable[[PageRequest, Exception], Response[bytes]]


class WrongMethod(DomainError):
    """405: the address exists, but not for this method."""

    status, code, title = 405, "method_not_allowed", "This address does not take this kind of request"


class UnsupportedMedia(DomainError):
    """415: a body of a kind that is not read here."""

    status, code, title = 415, "unsupported_media_type", "This kind of content is not read here"


class Unexpected(DomainError):
    """500: our own mistake; recorded by type and place, never with what was sent."""

    status, code, title = 500, "internal_error", "Something went wrong on our side"


_BY_STATUS: dict[int, type[DomainError]] = {
    400: Malformed,
    404: NotFound,
    405: WrongMethod,
    413: TooLarge,
    415: UnsupportedMedia,
}


def exception_handlers() -> dict[int | type[Exception], Handler]:
    """For ``Litestar(exception_handlers=...)``."""
    handlers: dict[int | type[Exception], Handler] = {
        DomainError: answer,
        HTTPException: lambda request, error: answer(request, _from_framework(error)),
        Exception: lambda request, error: answer(request, Unexpected()),
    }
    for kind in (*UNAVAILABLE, *TRANSIENT):
        handlers[kind] = lambda request, error: answer(request, Unavailable())
    return handlers


def _from_framework(error: Exception) -> DomainError:
    status = getattr(error, "status_code", 500)
    if status >= 500:
        return Unexpected()
    made = _BY_STATUS.get(status, Malformed)()
    if isinstance(made, WrongMethod):
        # RFC 9110: which methods there are; the framework knows them.
        given: Mapping[str, str] = getattr(error, "headers", None) or {}
        made.headers.update({"Allow": given["allow"]} if "allow" in given else {})
    return made


def answer(request: PageRequest, error: Exception) -> Response[bytes]:
    """The refusal as the reader can use it; somebody who is not signed in is shown the way to the sign-in page."""
    if not isinstance(error, DomainError):
        error = Unexpected()
    if for_machine(request):
        return problem(request, error)
    if isinstance(error, Unauthenticated):
        query = f"?{request.url.query}" if request.url.query and request.method == "GET" else ""
        address = f"/masuk?next={quote(request.url.path + query, safe='/')}"
        # The script of a page that renews a part of itself would put the sign-in page, or nothing, into that part.
        status, header = (204, "HX-Redirect") if "hx-request" in request.headers else (303, "Location")
        return Response(b"", status_code=status, media_type="text/plain", headers={header: address})
    language = language_of(request)
    return page(
        request,
        "public/error.html",
        {
            "status": error.status,
            "title": translate(language, error.title),
            "detail": _detail(error, language),
            "problems": [field_text(p, language) for p in error.problems] if isinstance(error, Invalid) else [],
            "trace_id": _trace_id(request),
        },
        status=error.status,
        headers=error.headers,
    )


def for_machine(request: PageRequest) -> bool:
    """Whether the answer is read by a program: by address, or because JSON was asked for."""
    path = request.url.path
    if path.startswith(_FOR_MACHINES) or path.endswith(".json"):
        return True
    accepted = request.headers.get("accept", "")
    return "text/html" not in accepted and ("json" in accepted or path.startswith("/dev/"))


def problem(request: PageRequest, error: DomainError) -> Response[bytes]:
    """RFC 9457, in the language of ``Accept-Language``."""
    body = problem_body(error, language_of(request))
    body["instance"] = request.url.path
    body["trace_id"] = _trace_id(request)
    return Response(
        msgspec.json.encode(body), status_code=error.status, media_type=PROBLEM_JSON, headers=dict(error.headers)
    )


def problem_body(error: DomainError, language: str) -> dict[str, object]:
    """The members of a problem without those of a request; also used for each item of a bulk answer."""
    body: dict[str, object] = {
        "type": f"/docs#{error.code}",
        "title": translate(language, error.title),
        "status": error.status,
        "detail": _detail(error, language),
        "code": error.code,
        **error.extra,
    }
    if isinstance(error, Invalid):
        body["errors"] = [
            {"pointer": p.pointer, "code": p.code, "detail": field_text(p, language)} for p in error.problems
        ]
    return body


def field_text(problem: FieldProblem, language: str) -> str:
    """What to do about one field."""
    return translate(language, problem.detail, **problem.values)


def _detail(error: DomainError, language: str) -> str:
    return translate(language, error.detail, **error.values) if error.detail else translate(language, error.title)


def _trace_id(request: PageRequest) -> str:
    state: Mapping[str, object] = request.scope["state"]
    return str(state.get("request_id", ""))
