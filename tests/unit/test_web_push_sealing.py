"""Web push as browsers open it: the worked example of RFC 8291 (section 5), to the last byte."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from complaints_service.webpush.sealing import base64url, from_base64url, sealed

# From the RFC: the browser's public key and secret, our key of the moment, the salt, and what they make of the words.
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
MOMENT = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95b"
    "Qpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard_comes_out_byte_for_byte() -> None:
    moment = ec.derive_private_key(int.from_bytes(from_base64url(MOMENT), "big"), ec.SECP256R1())
    words = b"When I grow up, I want to be a watermelon"
    body = sealed(words, from_base64url(P256DH), from_base64url(AUTH), moment, from_base64url(SALT))
    assert base64url(body) == SEALED
