"""Cookies of this site, made in one way: ``__Host-`` and Secure on https, HttpOnly, SameSite=Lax, the whole site."""

from __future__ import annotations

from litestar.datastructures import Cookie

from complaints_service.settings import Settings
from complaints_service.web.i18n import Connection


def cookie_name(settings: Settings, name: str) -> str:
    """The name as the browser holds it; ``__Host-`` keeps a neighbour under the same domain from planting one."""
    return f"__Host-{name}" if secure(settings) else name


def secure(settings: Settings) -> bool:
    """True when citizens reach the site by https."""
    return settings.base_url.startswith("https://")


def make_cookie(settings: Settings, name: str, value: str, seconds: int | None) -> Cookie:
    """A cookie for ``seconds`` (None: until the browser closes; 0: forget it now)."""
    return Cookie(
        key=cookie_name(settings, name),
        value=value,
        max_age=seconds,
        path="/",
        secure=secure(settings),
        httponly=True,
        samesite="lax",
    )


def forget_cookie(settings: Settings, name: str) -> Cookie:
    """The cookie that removes ``name`` from the browser."""
    return make_cookie(settings, name, "", 0)


def read_cookie(request: Connection, settings: Settings, name: str) -> str | None:
    """What the browser sent under ``name``, or None."""
    return request.cookies.get(cookie_name(settings, name)) or None
