"""Bytes of a webhook -> what it tells. Pure; tolerant of fields we do not know (the format is the gateway's), not of broken JSON."""

from __future__ import annotations

import hashlib
import json
from typing import cast

from complaints_service.errors import Malformed
from complaints_service.intake.whatsapp import cloud_format, gowa_format
from complaints_service.intake.whatsapp.inbound import Ignored, Item, Provider, SetAside
from complaints_service.intake.whatsapp.wire import Unreadable, mapping


def parse(provider: Provider, body: bytes) -> list[Item]:
    """Everything in one delivery, in its order. One message that cannot be read is set aside and does not stop the others.

    Raises Malformed when the body is not UTF-8, not JSON, too deep, or not an object.
    """
    try:
        # Not msgspec: it refuses a whole batch for one lone surrogate in one of its messages.
        document = cast("object", json.loads(body.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not valid JSON.") from error
    if not isinstance(document, dict):
        raise Malformed("The body is not a JSON object.")
    envelope = mapping(cast("object", document))
    try:
        found = cloud_format.items(envelope) if provider is Provider.CLOUD else gowa_format.items(envelope)
        return [*found]
    except Unreadable as error:
        return [SetAside(hashlib.sha256(body).hexdigest(), str(error))]
    except RecursionError:
        return [Ignored("too deep")]
