"""Secrets derived from COMPLAINTS_SECRET_KEY: tracking codes, blind indexes, CSRF tokens. None of them is stored (D7)."""

from __future__ import annotations

import hashlib
import hmac
import secrets

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 10
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


class Keys:
    """Keyed hashes with one key per purpose, so that no value of one purpose is ever valid for another."""

    __slots__ = ("_begun", "_secret")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        # Of each purpose the computation with its key taken in: a copy costs a third of a new one.
        self._begun: dict[str, hmac.HMAC] = {}

    def digest(self, purpose: str, *parts: bytes | str | int) -> bytes:
        """32 bytes of HMAC-SHA256 over the parts, each with its length, under the key of the purpose."""
        begun = self._begun.get(purpose)
        if begun is None:
            key = hmac.new(self._secret, purpose.encode(), hashlib.sha256).digest()
            begun = self._begun[purpose] = hmac.new(key, digestmod=hashlib.sha256)
        mac = begun.copy()
        raws = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
        mac.update(b"".join([len(raw).to_bytes(4, "big") + raw for raw in raws]))
        return mac.digest()

    def tracking_code(self, office_id: int, ticket_id: int, key_id: int) -> str:
        """Ten characters of Crockford base32 as people read them: ``7K3M-9QXD-2T``."""
        raw = self._code(office_id, ticket_id, key_id)
        return f"{raw[:4]}-{raw[4:8]}-{raw[8:]}"

    def code_matches(self, given: str, office_id: int, ticket_id: int, key_id: int) -> bool:
        """Compare in constant time; dashes, blanks, case and the letters O, I, L do not matter."""
        return hmac.compare_digest(plain_code(given).encode(), self._code(office_id, ticket_id, key_id).encode())

    def _code(self, office_id: int, ticket_id: int, key_id: int) -> str:
        number = int.from_bytes(self.digest(f"tracking-code/{key_id}", office_id, ticket_id)[:8], "big")
        return "".join(CROCKFORD[(number >> (5 * i)) & 31] for i in reversed(range(CODE_LENGTH)))


def new_code() -> str:
    """Eight characters of Crockford base32 that a person types once (40 bits): ``7K3M-9QXD``."""
    raw = "".join(secrets.choice(CROCKFORD) for _ in range(8))
    return f"{raw[:4]}-{raw[4:]}"


def plain_code(given: str) -> str:
    """A code as it was meant: dashes, blanks, case and the letters O, I, L do not matter."""
    return given.upper().translate(_MISREAD)[:64]


def new_token() -> tuple[str, bytes]:
    """A random token for a link, cookie or device (256 bits, URL-safe) and the SHA-256 under which it is stored."""
    token = secrets.token_urlsafe(32)
    return token, token_hash(token)


def token_hash(token: str) -> bytes:
    """What is stored of a random token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
