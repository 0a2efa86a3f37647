"""``/schema/openapi.json`` and ``/docs``: the API reference, by Swagger UI out of our own static files."""

from __future__ import annotations

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.dependencies import find_viewer
from complaints_service.accounts.service import Accounts
from complaints_service.accounts.session_cookies import SESSION_COOKIE
from complaints_service.public.opened_tickets import TICKET_COOKIE
from complaints_service.settings import Settings
from complaints_service.web.cookies import cookie_name
from complaints_service.web.openapi import description
from complaints_service.web.pages import PageRequest, page


@get("/schema/openapi.json", include_in_schema=False)
async def openapi(request: PageRequest, settings: Settings) -> Response[bytes]:
    """The description for machines, made when it is first asked for."""
    state = request.app.state
    if "description" not in state:
        names = (cookie_name(settings, SESSION_COOKIE), cookie_name(settings, TICKET_COOKIE))
        state.description = description(request.app, *names)
    return Response(state.description, media_type="application/json")


@get("/docs", include_in_schema=False)
async def api_docs(request: PageRequest, accounts: Accounts, settings: Settings) -> Response[bytes]:
    """The reference; for somebody who is signed in, calls can be tried with the own session."""
    await find_viewer(request, accounts, settings)
    return page(request, "docs/api.html", {})


ROUTES: list[ControllerRouterHandler] = [openapi, api_docs]
