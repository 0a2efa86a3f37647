"""Forms as a kiosk's page keeps them while it has no line (``static/js/kiosk/queue.js``)."""

from __future__ import annotations

import base64
import json
import os
import uuid

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from complaints_service.intake.kiosk.sealing import INFO
from complaints_service.key_pairs import public_point


def kept_item(public: bytes, form: object, client_id: str | None = None) -> dict[str, object]:
    """One item of the queue: the form sealed to the service whose public key this is."""
    client_id = client_id or str(uuid.uuid4())
    moment, iv = ec.generate_private_key(ec.SECP256R1()), os.urandom(12)
    service = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    point = public_point(moment)
    key = HKDF(SHA256(), 32, salt=point, info=INFO).derive(moment.exchange(ec.ECDH(), service))
    data = AESGCM(key).encrypt(iv, json.dumps(form).encode(), client_id.encode())
    envelope = {name: base64.b64encode(part).decode() for name, part in (("key", point), ("iv", iv), ("data", data))}
    return {"client_id": client_id, "sealed": envelope}


def kept_form(text: str, filed_at: str, receipt: str) -> dict[str, object]:
    """What is sealed: answers, when, and the receipt that was given."""
    return {
        "answers": {"description": text},
        "language": "id",
        "filed_at": filed_at,
        "receipt": receipt,
        "code": uuid.uuid4().hex[:10],
    }
