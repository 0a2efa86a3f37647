"""When very many send at once: forms take turns, and beyond a few that wait nobody more is let in for a moment.

However many come, a page of the desk waits for a few turns, and whoever is not let in is told so before anything of theirs is read: that
costs a small part of what a form costs. Nothing is lost by it: the browser sends the same form again when the page is loaded again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import msgspec
from litestar.connection import ASGIConnection
from litestar.datastructures import State

from complaints_service.clock import monotonic
from complaints_service.errors import TooMany
from complaints_service.web.i18n import Connection, language_of
from complaints_service.web.pages import THEME_COOKIE, THEMES
from complaints_service.web.problems import for_machine
from complaints_service.web.rate_limits import RateLimits

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send
    from litestar.types.asgi_types import HTTPReceiveMessage, HTTPScope, WebSocketReceiveMessage

TURNS = 3
# At about 200 forms a second the last one waits a second.
MOST_WAITING = 200
RETRY_SECONDS = 10
# As long as an answer is given again as it was made: long enough to cost nothing, short enough to follow the office's settings.
KEPT_SECONDS = 30.0
_MOST_KEPT = 32
_OUTSIDE = "state.crowd.outside"
_ROUTE = "(not let in)"


class Crowded(TooMany):
    """429: not now, and nothing was read of what was sent."""

    title = "Very many are writing just now"

    def __init__(self) -> None:
        super().__init__(
            RETRY_SECONDS,
            "What you wrote is not lost. Wait {seconds} seconds, then load this page again: your browser asks whether to send "
            "your answers once more; say yes.",
        )


class Crowd:
    """The turns of one process."""

    def __init__(self, *, limited: bool) -> None:
        self._turns = asyncio.Semaphore(TURNS)
        self._most = TURNS + MOST_WAITING if limited else None
        self._inside = 0

    @property
    def full(self) -> bool:
        """So many wait for a turn that nobody more is let in."""
        return self._most is not None and self._inside >= self._most

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """For a form that has been read: who sends slowly keeps no place."""
        self._inside += 1
        try:
            async with self._turns:
                yield
        finally:
            self._inside -= 1


class _Kept(msgspec.Struct, frozen=True):
    """An answer as it was made for somebody: the same for everybody of the same language and colours but for the request's id."""

    start: dict[str, Any]
    body: bytes
    request_id: str
    made: float


class Doorkeeper:
    """ASGI wrapper before everything that reads: answers 429 to who would file while the crowd is full, and to one address that sends
    more than people can (without that it would fill the crowd by itself, and nobody else were let in).
    """

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state
        self._kept: dict[tuple[object, ...], _Kept] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _files(scope):
            await self._app(scope, receive, send)
            return
        connection: Connection = ASGIConnection(scope)
        limits: RateLimits = self._state.rate_limits
        storms = limits.storms(limits.address_of(connection))
        if not (storms or self._state.crowd.full):
            await self._app(scope, receive, send)
            return
        cast("dict[str, object]", scope)["path_template"] = _ROUTE
        theme = connection.cookies.get(THEME_COOKIE)
        key = (for_machine(connection), language_of(connection), theme if theme in THEMES else None)
        kept = self._kept.get(key)
        if kept is None or monotonic() - kept.made > KEPT_SECONDS:
            kept = await self._made(scope)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = kept
        body = kept.body.replace(kept.request_id.encode(), _request_id(scope).encode())
        # The headers are changed by whoever passes them on.
        await send(cast("Message", {**kept.start, "headers": list(kept.start["headers"])}))
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _made(self, scope: HTTPScope) -> _Kept:
        """The refusal as the application words it, for a request of the same kind without a body."""
        told: list[Message] = []
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name in (b"accept", b"accept-language", b"cookie", b"host")
        ]
        state = {"request_id": _request_id(scope), _OUTSIDE: True}
        alike = cast("Scope", {**scope, "headers": headers, "state": state, "query_string": b""})

        async def nothing() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def keep(message: Message) -> None:
            told.append(message)

        await self._app(alike, nothing, keep)
        body = b"".join(message["body"] for message in told if message["type"] == "http.response.body")
        return _Kept(cast("dict[str, Any]", told[0]), body, _request_id(scope), monotonic())


async def let_in(request: Connection) -> None:
    """Litestar ``before_request`` hook: raises Crowded for a request that the doorkeeper asks about."""
    # Not as a guard: for a route with guards the framework copies its handler at every request.
    if _OUTSIDE in request.scope["state"]:
        raise Crowded


def crowd_of(connection: Connection) -> Crowd:
    """The turns of this application."""
    crowd: Crowd = connection.app.state.crowd
    return crowd


def _files(scope: HTTPScope) -> bool:
    path = scope["path"]
    return scope["method"] == "POST" and (path == "/" or path.startswith("/lapor/"))


def _request_id(scope: Scope) -> str:
    return str(scope["state"]["request_id"])
