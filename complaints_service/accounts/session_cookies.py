"""The cookies of people who sign in: the session, and the device that has signed in before."""

from __future__ import annotations

from litestar.datastructures import Cookie

from complaints_service.accounts.model import SignedIn
from complaints_service.accounts.service import SESSION_SECONDS
from complaints_service.settings import Settings
from complaints_service.web.cookies import forget_cookie, make_cookie

SESSION_COOKIE = "session"
# Opens nothing: it only keeps other people's failures from delaying this device (see signin_delay).
DEVICE_COOKIE = "known-device"
_DEVICE_SECONDS = 180 * 24 * 3600


def signed_in_cookies(settings: Settings, signed_in: SignedIn) -> list[Cookie]:
    """The cookies of a new session."""
    return [
        make_cookie(settings, SESSION_COOKIE, signed_in.token, SESSION_SECONDS),
        make_cookie(settings, DEVICE_COOKIE, signed_in.device, _DEVICE_SECONDS),
    ]


def signed_out_cookies(settings: Settings) -> list[Cookie]:
    """Takes the session away; the device stays known."""
    return [forget_cookie(settings, SESSION_COOKIE)]
