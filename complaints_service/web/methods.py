"""``OPTIONS``: every method of an address. The framework's answer knows only those that were there when its route was first made."""

from __future__ import annotations

from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.routes import HTTPRoute
from litestar.types import Message, Scope


async def every_method(message: Message, scope: Scope) -> None:
    """Litestar ``before_send`` hook."""
    if message["type"] == "http.response.start" and scope["type"] == "http" and scope["method"] == "OPTIONS":
        app: Litestar = scope["litestar_app"]
        template = scope.get("path_template")
        for route in app.routes:
            if isinstance(route, HTTPRoute) and route.path_format == template:
                MutableScopeHeaders.from_message(message)["Allow"] = ", ".join(sorted(route.methods))
