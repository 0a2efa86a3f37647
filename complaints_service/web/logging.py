"""What is known of each request afterwards: an id, the route's template, status and duration. Never its path, query or body."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, cast

import structlog

from complaints_service.clock import monotonic
from complaints_service.errors import DomainError

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send
    from litestar.types.asgi_types import HTTPScope

    from complaints_service.web.metrics import Metrics

log = structlog.get_logger(__name__)

SLOW_SECONDS = 1.0
UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestRecord:
    """Outermost ASGI wrapper: gives each request an id (``X-Request-Id``, ``trace_id`` in problems), counts and logs it.

    An id the client sends is not taken over: it could carry anything into the log.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500
        header = (b"x-request-id", request_id.encode())

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        started = monotonic()
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._record(scope, status, monotonic() - started)

    def _record(self, scope: HTTPScope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = route_of(scope)
        self._metrics.record(method, route, status, seconds)
        if status >= 500:
            log.error("request", method=method, route=route, status=status, ms=round(seconds * 1000))
        elif status >= 400 or seconds >= SLOW_SECONDS:
            log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000))
        else:
            log.debug("request", method=method, route=route, status=status, ms=round(seconds * 1000))


def route_of(scope: Scope) -> str:
    """The template of the route, such as ``/t/{number}``; ``unmatched`` when no route took the request."""
    template = cast("dict[str, object]", scope).get("path_template")
    return template if isinstance(template, str) and template else UNMATCHED


def log_uncaught(error: Exception, scope: Scope) -> None:
    """Litestar ``after_exception`` hook: log what is our own fault, by type and place (see log_lines), never the request."""
    status = error.status if isinstance(error, DomainError) else getattr(error, "status_code", 500)
    if not isinstance(status, int) or status >= 500:
        log.error("uncaught", route=route_of(scope), exc_info=error)
