"""Whose device a browser is: where somebody signed in and did not sign out, the button of a mail acts without a password.

The mail is the key and the device is the lock: a mail that was passed on finds another device and does nothing there. Pure.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from complaints_service.keys import Keys

DEVICE_SECONDS = 180 * 24 * 3600
_LONGEST = 100


def own_device_token(keys: Keys, office_id: int, person_id: int, password_hash: str, now: datetime) -> str:
    """The cookie's value: when it was made (machine time) and a proof. A new password makes it worthless."""
    made = int(now.timestamp())
    return f"{made}.{_proof(keys, office_id, person_id, password_hash, made)}"


def is_own_device(keys: Keys, office_id: int, person_id: int, password_hash: str, token: str, now: datetime) -> bool:
    """Whether the token was made for this person and password at most 180 days ago; compares in constant time."""
    made, _, given = token[:_LONGEST].partition(".")
    if not (made.isascii() and made.isdigit()) or not 0 <= int(now.timestamp()) - int(made) < DEVICE_SECONDS:
        return False
    return hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), _proof(keys, office_id, person_id, password_hash, int(made)).encode()
    )


def _proof(keys: Keys, office_id: int, person_id: int, password_hash: str, made: int) -> str:
    return keys.digest("own-device", office_id, person_id, password_hash, made).hex()
