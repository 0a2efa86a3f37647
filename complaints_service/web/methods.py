"""What every address answers besides its own methods: ``HEAD`` as ``GET`` without a body, ``OPTIONS`` and 405 with all it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.routes import HTTPRoute

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send
    from litestar.types.asgi_types import HTTPReceiveMessage, WebSocketReceiveMessage


class AnswersHead:
    """ASGI wrapper: whatever is answered to GET is answered to HEAD, with the same status and headers and no body (RFC 9110, 9.3.2).

    Once for all routes, so that none can lack it. What streams ends as if the reader had gone away after the headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        answered = False

        async def receive_or_gone() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            return {"type": "http.disconnect"} if answered else await receive()

        async def send_without_body(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        # A copy: the server looks at its own to know that no body follows. What the framework finds out goes back into it.
        inner = cast("Scope", {**scope, "method": "GET"})
        try:
            await self._app(inner, receive_or_gone, send_without_body)  # pyright: ignore[reportArgumentType] - narrower messages
        finally:
            scope.update({**inner, "method": "HEAD"})  # pyright: ignore[reportCallIssue, reportArgumentType]


async def every_method(message: Message, scope: Scope) -> None:
    """Litestar ``before_send`` hook: ``Allow`` with all that the address takes, HEAD among it."""
    if message["type"] != "http.response.start" or scope["type"] != "http":
        return
    headers = MutableScopeHeaders.from_message(message)
    methods = {method.strip() for method in headers.get("allow", "").split(",") if method.strip()}
    if scope["method"] == "OPTIONS":
        # The framework's answer knows only the methods that were there when its route was first made.
        app: Litestar = scope["litestar_app"]
        template = scope.get("path_template")
        for route in app.routes:
            if isinstance(route, HTTPRoute) and route.path_format == template:
                methods |= route.methods
    if "GET" in methods:
        methods.add("HEAD")
    if methods:
        headers["Allow"] = ", ".join(sorted(methods))
