"""Telephone numbers: the short way for plain Indonesian mobile numbers says what the library says."""

from __future__ import annotations

import random

import phonenumbers
import pytest

from complaints_service.intake.complaint_form import normalized_phone


def _by_the_library(text: str) -> str | None:
    number = phonenumbers.parse(text, "ID")
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def test_every_way_to_write_a_mobile_number_gives_what_the_library_gives() -> None:
    chance = random.Random(62)
    for _ in range(500):
        digits = [chance.choice("0123456789") for _ in range(chance.randint(6, 14))]
        written = "".join(chance.choice(("", "", "-", " ")) + digit for digit in digits)
        text = chance.choice(("+62", "0", "+62 ", "0-", "+62-")) + "8" + written
        assert normalized_phone(text) == _by_the_library(text), text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0812-3456-7890", "+6281234567890"),
        ("+62 812 3456 7890", "+6281234567890"),
        ("62 812 3456 7890", "+6281234567890"),
        ("(0725) 529 999", "+62725529999"),
        ("+60 12-345 6789", "+60123456789"),
        ("12", None),
    ],
)
def test_numbers_are_kept_as_e164(text: str, number: str | None) -> None:
    assert normalized_phone(text) == number
