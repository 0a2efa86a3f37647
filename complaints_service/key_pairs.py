"""Key pairs derived from COMPLAINTS_SECRET_KEY, for what browsers seal or check: made with it, kept, backed up and shared like it."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from complaints_service.keys import Keys

# The order of the group of NIST P-256.
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def p256_key(keys: Keys, purpose: str) -> ec.EllipticCurvePrivateKey:
    """The key pair of a purpose, the same at every start and in every process that has the secret key."""
    wide = keys.digest(purpose, 0) + keys.digest(purpose, 1)
    return ec.derive_private_key(int.from_bytes(wide, "big") % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def public_point(private: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half as browsers take it: an uncompressed point of 65 bytes."""
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
