"""A message as a browser opens it (RFC 8291, aes128gcm) and the proof of who sends it (VAPID, RFC 8292). Pure."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from complaints_service.key_pairs import public_point

POINT, AUTH = 65, 16
_RECORD = 4096
_LAST_RECORD = b"\x02"
# Services take a proof for at most 24 hours.
VALID_FOR = timedelta(hours=12)


def base64url(raw: bytes) -> str:
    """As browsers and JWTs write it: without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """The bytes. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def sealed(
    words: bytes,
    p256dh: bytes,
    auth: bytes,
    moment: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body for the push service; ``moment`` and ``salt`` are fresh unless a test gives them. Raises ValueError for no key."""
    moment = moment or ec.generate_private_key(ec.SECP256R1())
    salt = salt or secrets.token_bytes(16)
    ours = public_point(moment)
    shared = moment.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh))
    secret = _derived(auth, shared, b"WebPush: info\0" + p256dh + ours, 32)
    key = _derived(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\0", 12)
    head = salt + _RECORD.to_bytes(4, "big") + len(ours).to_bytes(1, "big") + ours
    return head + AESGCM(key).encrypt(nonce, words + _LAST_RECORD, None)


def authorization(private: ec.EllipticCurvePrivateKey, audience: str, subject: str, now: datetime) -> str:
    """The header by which a push service knows that the subscription was made for us. ``audience``: the origin of the service."""
    head = base64url(msgspec.json.encode({"typ": "JWT", "alg": "ES256"}))
    claims = {"aud": audience, "exp": int((now + VALID_FOR).timestamp()), "sub": subject}
    signed = f"{head}.{base64url(msgspec.json.encode(claims))}"
    r, s = decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(SHA256())))
    signature = base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={base64url(public_point(private))}"


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=salt, info=info).derive(secret)
