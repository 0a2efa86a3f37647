"""What a kiosk keeps while it has no line is sealed to this service: whoever takes the device away reads nothing.

ECDH on P-256 with a key of the moment, HKDF-SHA-256, AES-256-GCM: what every browser has (``static/js/kiosk/queue.js`` seals).
The private key is derived from the service's secret key, so it is kept, backed up and shared like that one. Pure.
"""

from __future__ import annotations

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from complaints_service.key_pairs import p256_key, public_point
from complaints_service.keys import Keys

INFO = b"complaints kiosk queue 1"


class CannotOpen(Exception):
    """Sealed to another key, for another item, or changed since."""


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An envelope: the public key of the moment (an uncompressed point), the nonce, ciphertext with its tag; base64 in JSON."""

    key: bytes
    iv: bytes
    data: bytes


class QueueKey:
    """The key to which kiosks seal."""

    def __init__(self, keys: Keys) -> None:
        self._private = p256_key(keys, "kiosk-queue")
        self.public = public_point(self._private)

    def open(self, sealed: Sealed, client_id: str) -> bytes:
        """What the kiosk wrote into the item ``client_id``. Raises CannotOpen."""
        try:
            moment = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sealed.key)
            shared = self._private.exchange(ec.ECDH(), moment)
            key = HKDF(SHA256(), 32, salt=sealed.key, info=INFO).derive(shared)
            return AESGCM(key).decrypt(sealed.iv, sealed.data, client_id.encode())
        except (ValueError, InvalidTag) as error:
            raise CannotOpen from error
