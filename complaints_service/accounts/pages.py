"""The pages ``/masuk`` (sign in) and ``/keluar`` (sign out)."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.response import Redirect

from complaints_service.accounts.dependencies import find_viewer, same_origin
from complaints_service.accounts.model import Viewer
from complaints_service.accounts.own_path import landing, own_path
from complaints_service.accounts.service import Accounts
from complaints_service.accounts.session_cookies import (
    DEVICE_COOKIE,
    SESSION_COOKIE,
    signed_in_cookies,
    signed_out_cookies,
)
from complaints_service.errors import DomainError, Forbidden, TooMany, Unauthenticated
from complaints_service.settings import Settings
from complaints_service.web.bodies import form_fields
from complaints_service.web.cookies import read_cookie
from complaints_service.web.i18n import text
from complaints_service.web.pages import page
from complaints_service.web.rate_limits import Limit, client_address, limits_of

PageRequest = Request[Any, Any, State]

_TEMPLATE = "accounts/sign_in.html"


@get("/masuk", include_in_schema=False)
async def sign_in_form(request: PageRequest, accounts: Accounts, settings: Settings) -> Response[bytes]:
    """The form; who is signed in already goes on at once."""
    wanted = own_path(request.query_params.get("next"))
    viewer = await find_viewer(request, accounts, settings)
    if viewer is not None:
        return _see_other(wanted or landing(viewer.person.role))
    return page(request, _TEMPLATE, {"problems": {}, "username": "", "next": wanted or ""})


@post("/masuk", status_code=303, include_in_schema=False)
async def sign_in_submit(request: PageRequest, accounts: Accounts, settings: Settings) -> Response[bytes]:
    """Sign in and go on to ``next``; a refusal shows the form again with the username kept."""
    if not same_origin(request):
        raise Forbidden("Sign in on the office's own page.", code="cross_site")
    form = await form_fields(request)
    username, password, wanted = (_field(form.get(name)) for name in ("username", "password", "next"))
    address, limits = client_address(request), limits_of(request)
    try:
        await limits.look(Limit.SIGNIN, address)
        signed_in = await accounts.sign_in(
            username,
            password,
            address=address,
            old_token=read_cookie(request, settings, SESSION_COOKIE),
            device=read_cookie(request, settings, DEVICE_COOKIE),
        )
    except (Unauthenticated, TooMany) as refusal:
        if isinstance(refusal, Unauthenticated):
            await limits.count(Limit.SIGNIN, address)
        return _again(request, refusal, username, own_path(wanted) or "")
    answer = _see_other(own_path(wanted) or landing(signed_in.viewer.person.role))
    answer.cookies.extend(signed_in_cookies(settings, signed_in))
    return answer


@post("/keluar", status_code=303, include_in_schema=False)
async def sign_out_submit(writer: Viewer, accounts: Accounts, settings: Settings) -> Response[bytes]:
    """End the session and show the sign-in page."""
    await accounts.sign_out(writer)
    answer = _see_other("/masuk")
    answer.cookies.extend(signed_out_cookies(settings))
    return answer


def _again(request: PageRequest, refusal: DomainError, username: str, wanted: str) -> Response[bytes]:
    said = text(request, refusal.detail, **refusal.values)
    context = {"problems": {"username": said}, "username": username[:200], "next": wanted}
    return page(request, _TEMPLATE, context, status=refusal.status, headers=refusal.headers)


def _see_other(path: str) -> Response[bytes]:
    return Redirect(path, status_code=303, headers={"Cache-Control": "no-store"})  # pyright: ignore[reportReturnType]


def _field(value: object) -> str:
    return value if isinstance(value, str) else ""
