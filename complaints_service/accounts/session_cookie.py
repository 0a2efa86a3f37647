"""The cookies of people who sign in. ``__Host-`` and Secure only when the site is served over https (API.md, Settings)."""

from __future__ import annotations

from litestar.datastructures import Cookie

from complaints_service.accounts.service import SESSION_SECONDS
from complaints_service.settings import Settings

_DEVICE_SECONDS = 180 * 24 * 3600


def session_cookie_name(settings: Settings) -> str:
    """``__Host-session`` over https: no other host or path can plant it; else ``session``."""
    return f"{_prefix(settings)}session"


def device_cookie_name(settings: Settings) -> str:
    """The cookie by which a device that has signed in before is known; it opens nothing."""
    return f"{_prefix(settings)}known-device"


def session_cookie(settings: Settings, token: str) -> Cookie:
    """The cookie of a new session."""
    return _cookie(settings, session_cookie_name(settings), token, SESSION_SECONDS)


def device_cookie(settings: Settings, device: str) -> Cookie:
    """The cookie of a device on which somebody has just signed in."""
    return _cookie(settings, device_cookie_name(settings), device, _DEVICE_SECONDS)


def ended_session_cookie(settings: Settings) -> Cookie:
    """Takes the session cookie away."""
    return _cookie(settings, session_cookie_name(settings), "", 0)


def _prefix(settings: Settings) -> str:
    return "__Host-" if _https(settings) else ""


def _https(settings: Settings) -> bool:
    return settings.base_url.startswith("https://")


def _cookie(settings: Settings, name: str, value: str, seconds: int) -> Cookie:
    return Cookie(
        key=name, value=value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=_https(settings)
    )
