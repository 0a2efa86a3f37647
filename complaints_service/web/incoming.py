"""The request as handlers get it: a body that a client cut short is that client's matter, not an error of ours."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import InternalServerException

from complaints_service.errors import Malformed


class Incoming(Request[Any, Any, State]):
    """For ``Litestar(request_class=...)``."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes; every other way of reading it begins here. Raises Malformed when the client went away meanwhile."""
        try:
            async for piece in super().stream():
                yield piece
        except InternalServerException as error:
            # The framework says "500" both for this and for a body that is read a second time; the latter would be our mistake.
            if not self.is_connected:
                raise
            raise Malformed("The request ended before it was complete.", code="cut_off") from error
