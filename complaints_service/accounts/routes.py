"""``/api/v1/session`` and ``/api/v1/tokens``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from complaints_service.accounts.dependencies import same_origin
from complaints_service.accounts.model import ApiToken, Via, Viewer
from complaints_service.accounts.pages import sign_in_form, sign_in_submit, sign_out_submit
from complaints_service.accounts.service import Accounts
from complaints_service.accounts.session_cookies import (
    DEVICE_COOKIE,
    SESSION_COOKIE,
    signed_in_cookies,
    signed_out_cookies,
)
from complaints_service.errors import Forbidden
from complaints_service.settings import Settings
from complaints_service.web.bodies import read_json
from complaints_service.web.cookies import read_cookie
from complaints_service.web.operations import Api
from complaints_service.web.rate_limits import Limit, client_address, limited_failures

AnyRequest = Request[Any, Any, Any]


class SignIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``otp`` is taken and passed over: nobody has a second factor enrolled yet."""

    username: Annotated[str, Meta(min_length=1, max_length=200)]
    password: Annotated[str, Meta(min_length=1, max_length=1000)]
    otp: Annotated[str, Meta(max_length=20)] | None = None


class SessionPerson(msgspec.Struct, kw_only=True):
    """Who is signed in; ``unit`` is the unit's name."""

    id: int
    username: str
    name: str
    role: str
    unit: str
    unit_slug: str
    language: str


class Session(msgspec.Struct, kw_only=True):
    """Answer of ``/api/v1/session``; ``csrf_token`` is empty for an API token, which needs none."""

    person: SessionPerson
    scopes: list[str]
    csrf_token: str


class NewToken(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``expires_on``: the last day, in the office's zone, on which the token works; without it, until it is revoked."""

    name: str
    scopes: Annotated[list[str], Meta(max_length=20)]
    expires_on: date | None = None


class CreatedToken(msgspec.Struct, kw_only=True):
    """The token itself is shown this once."""

    token: str
    id: str
    person_id: int
    name: str
    scopes: list[str]
    expires_at: datetime | None


class TokenList(msgspec.Struct, kw_only=True):
    """The person's tokens; there is never a second page."""

    items: list[ApiToken]
    next_cursor: str | None = None


class SessionController(Controller):
    """Signing in and out of the API with a cookie."""

    path = "/api/v1/session"
    tags = ("Session",)

    @post(
        status_code=200,
        guards=[limited_failures(Limit.SIGNIN)],
        summary="Sign in",
        api=Api(reads=SignIn, refuses=(401, 403, 429)),
    )
    async def sign_in(self, request: AnyRequest, accounts: Accounts, settings: Settings) -> Response[Session]:
        """Opens a session in a cookie; the answer holds the CSRF token that writes must carry."""
        if not same_origin(request):
            raise Forbidden("Sign in on the office's own page.", code="cross_site")
        data = await read_json(request, SignIn)
        signed_in = await accounts.sign_in(
            data.username,
            data.password,
            address=client_address(request),
            old_token=read_cookie(request, settings, SESSION_COOKIE),
            device=read_cookie(request, settings, DEVICE_COOKIE),
        )
        return Response(
            _session(signed_in.viewer, accounts),
            cookies=signed_in_cookies(settings, signed_in),
            headers={"Cache-Control": "no-store"},
        )

    @get(summary="Who is signed in")
    async def show(self, viewer: Viewer, accounts: Accounts) -> Response[Session]:
        """The person behind the cookie or the token."""
        return Response(_session(viewer, accounts), headers={"Cache-Control": "no-store"})

    @delete(status_code=204, summary="Sign out")
    async def sign_out(self, writer: Viewer, accounts: Accounts, settings: Settings) -> Response[None]:
        """Ends the session of this cookie."""
        await accounts.sign_out(writer)
        return Response(None, cookies=signed_out_cookies(settings))


class TokenController(Controller):
    """API tokens of the person who is signed in; a token cannot make or end tokens."""

    path = "/api/v1/tokens"
    tags = ("Session",)

    @post(summary="Make an API token", api=Api(reads=NewToken))
    async def create(self, request: AnyRequest, writer: Viewer, accounts: Accounts) -> Response[CreatedToken]:
        """The token is shown this once; only its hash is kept."""
        data = await read_json(request, NewToken)
        token, entry = await accounts.create_token(writer, data.name, data.scopes, data.expires_on)
        created = CreatedToken(
            token=token,
            id=entry.id,
            person_id=writer.person.id,
            name=entry.name,
            scopes=list(entry.scopes),
            expires_at=entry.expires_at,
        )
        return Response(created, status_code=201, headers={"Cache-Control": "no-store"})

    @get(summary="Own API tokens")
    async def list_own(self, viewer: Viewer, accounts: Accounts) -> TokenList:
        """The own tokens, without the tokens themselves."""
        return TokenList(items=await accounts.tokens(viewer))

    @delete("/{token_id:str}", status_code=204, summary="Revoke an API token")
    async def revoke(self, token_id: str, writer: Viewer, accounts: Accounts) -> None:
        """From the next request on the token opens nothing."""
        await accounts.revoke_token(writer, token_id)


def _session(viewer: Viewer, accounts: Accounts) -> Session:
    unit = viewer.office.units[viewer.person.unit_id]
    person = SessionPerson(
        id=viewer.person.id,
        username=viewer.person.username,
        name=viewer.person.name,
        role=viewer.person.role.value,
        unit=unit.name,
        unit_slug=unit.slug,
        language=viewer.language,
    )
    csrf_token = accounts.csrf_token(viewer) if viewer.via is Via.COOKIE else ""
    return Session(person=person, scopes=sorted(viewer.scopes), csrf_token=csrf_token)


ROUTES: list[ControllerRouterHandler] = [
    SessionController,
    TokenController,
    sign_in_form,
    sign_in_submit,
    sign_out_submit,
]
