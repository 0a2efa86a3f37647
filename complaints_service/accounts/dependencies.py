"""``viewer`` and ``writer`` for route handlers: who asks, and whether this request may change something.

Registered once for the whole application (``DEPENDENCIES``); a handler that names neither is open to everybody.
"""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.di import Provide

from complaints_service.accounts.model import Via, Viewer
from complaints_service.accounts.service import Accounts
from complaints_service.accounts.session_cookies import SESSION_COOKIE
from complaints_service.accounts.token_scopes import token_may
from complaints_service.errors import Forbidden, Unauthenticated
from complaints_service.settings import Settings
from complaints_service.web.bodies import form_fields
from complaints_service.web.cookies import read_cookie

AnyRequest = Request[Any, Any, Any]

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_BEARER = "bearer "


async def viewer(request: AnyRequest, accounts: Accounts, settings: Settings) -> Viewer:
    """Who is signed in, by ``Authorization: Bearer`` (an API token) or the session cookie.

    Pages find the viewer and the CSRF token in ``request.state``. Raises Unauthenticated, and Forbidden when the token was
    not made for this path.
    """
    found = await find_viewer(request, accounts, settings)
    if found is None:
        raise Unauthenticated("Please sign in.")
    return found


async def find_viewer(request: AnyRequest, accounts: Accounts, settings: Settings) -> Viewer | None:
    """As ``viewer``, but None for somebody who is not signed in (pages that are open to all)."""
    authorization = request.headers.get("authorization", "")
    if authorization[: len(_BEARER)].lower() == _BEARER:
        found = await accounts.viewer_of_api_token(authorization[len(_BEARER) :].strip())
        if found is not None and not token_may(request.url.path, found.scopes):
            raise Forbidden("This token was not made for this. Make one with the scope that is needed.")
    else:
        cookie = read_cookie(request, settings, SESSION_COOKIE)
        found = await accounts.viewer_of_session(cookie) if cookie else None
    if found is not None:
        request.state.viewer = found
        request.state.csrf_token = accounts.csrf_token(found) if found.via is Via.COOKIE else ""
    return found


async def writer(request: AnyRequest, viewer: Viewer, accounts: Accounts) -> Viewer:
    """The viewer of a request that changes something: with the cookie it must carry the session's CSRF token.

    Looked for in the header X-CSRF-Token, else in the form field ``csrf_token``. Raises Forbidden.
    """
    given = request.headers.get("x-csrf-token")
    if given is None and viewer.via is Via.COOKIE and request.headers.get("content-type", "").startswith(_FORMS):
        field: object = (await form_fields(request)).get("csrf_token")
        given = field if isinstance(field, str) else None
    if not accounts.csrf_matches(viewer, given):
        raise Forbidden("This page is too old to send. Load it again and repeat the step.", code="csrf")
    return viewer


def same_origin(request: AnyRequest) -> bool:
    """False when a browser says that another site made it send this (for forms before sign-in, which have no CSRF token)."""
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


DEPENDENCIES = {"viewer": Provide(viewer), "writer": Provide(writer)}
