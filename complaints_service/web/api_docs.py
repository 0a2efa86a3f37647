"""``/docs``: the API reference by Swagger UI out of our own static files. Litestar's pages use inline script, which our policy stops."""

from __future__ import annotations

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.dependencies import find_viewer
from complaints_service.accounts.service import Accounts
from complaints_service.settings import Settings
from complaints_service.web.pages import PageRequest, page


@get("/docs", include_in_schema=False)
async def api_docs(request: PageRequest, accounts: Accounts, settings: Settings) -> Response[bytes]:
    """The reference; for somebody who is signed in, calls can be tried with the own session."""
    await find_viewer(request, accounts, settings)
    return page(request, "docs/api.html", {})


ROUTES: list[ControllerRouterHandler] = [api_docs]
