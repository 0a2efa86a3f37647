"""Only who knows the secret can speak for a gateway."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from complaints_service.intake.whatsapp.signature import same_token, sign, signed_by

SECRET = "app-secret"
BODY = b'{"object":"whatsapp_business_account"}'
HEX = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()


def test_the_header_is_sha256_and_the_hex_digest_of_the_raw_body() -> None:
    assert sign(SECRET, BODY) == f"sha256={HEX}"
    assert signed_by(SECRET, BODY, f"sha256={HEX}")
    assert signed_by(SECRET, BODY, f"SHA256={HEX.upper()} ")


@pytest.mark.parametrize(
    "header", [None, "", HEX, f"sha1={HEX}", f"sha256={HEX[:-1]}", f"sha256={HEX}0", "sha256=", "sha256=é\udcff"]
)
def test_anything_else_is_not_signed(header: str | None) -> None:
    assert not signed_by(SECRET, BODY, header)


def test_another_body_or_secret_is_not_signed() -> None:
    assert not signed_by(SECRET, BODY + b" ", f"sha256={HEX}")
    assert not signed_by("other", BODY, f"sha256={HEX}")


def test_no_expected_token_means_no_token_fits() -> None:
    assert same_token("t", "t")
    assert not same_token("t", "T")
    assert not same_token("t", None)
    assert not same_token(None, None)
    assert not same_token("", "")
