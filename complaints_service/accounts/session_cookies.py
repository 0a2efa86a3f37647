"""The cookies of people who sign in: the session, the device that has signed in before, and whose device it is."""

from __future__ import annotations

from litestar.datastructures import Cookie

from complaints_service.accounts.model import SignedIn
from complaints_service.accounts.own_device import DEVICE_SECONDS
from complaints_service.accounts.service import SESSION_SECONDS
from complaints_service.settings import Settings
from complaints_service.web.cookies import forget_cookie, make_cookie

SESSION_COOKIE = "session"
# Opens nothing: it only keeps other people's failures from delaying this device (see signin_delay).
DEVICE_COOKIE = "known-device"
# Whose device this is: the button of a mail acts here without a password (see own_device). Taken away by signing out.
OWN_DEVICE_COOKIE = "own-device"


def signed_in_cookies(settings: Settings, signed_in: SignedIn) -> list[Cookie]:
    """The cookies of a new session."""
    return [
        make_cookie(settings, SESSION_COOKIE, signed_in.token, SESSION_SECONDS),
        make_cookie(settings, DEVICE_COOKIE, signed_in.device, DEVICE_SECONDS),
        make_cookie(settings, OWN_DEVICE_COOKIE, signed_in.own_device, DEVICE_SECONDS),
    ]


def signed_out_cookies(settings: Settings) -> list[Cookie]:
    """Takes the session away; the device stays known but is nobody's: the next one here may be a colleague."""
    return [forget_cookie(settings, SESSION_COOKIE), forget_cookie(settings, OWN_DEVICE_COOKIE)]
