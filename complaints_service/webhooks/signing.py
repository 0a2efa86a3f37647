"""Secrets and signatures by Standard Webhooks. The secret is derived, so that neither database nor backup holds it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook

from complaints_service.keys import Keys


def new_key() -> bytes:
    """What the endpoint's row keeps; without the service's own key it is worth nothing."""
    return secrets.token_bytes(16)


def secret_of(keys: Keys, key: bytes) -> str:
    """``whsec_`` and 32 bytes in base64, as the receiver configures it."""
    return "whsec_" + base64.b64encode(keys.digest("webhook-secret", key)).decode()


def message_id(row_id: int) -> str:
    """The stable name of a message outside: the same at every try, so that the receiver can pass over what it has."""
    return f"msg_{row_id}"


def signed_headers(given_secrets: Sequence[str], row_id: int, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers; one signature for each secret that is valid at ``at`` (machine time of this try)."""
    name, text = message_id(row_id), body.decode()
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(name, at, text) for secret in given_secrets),
    }
