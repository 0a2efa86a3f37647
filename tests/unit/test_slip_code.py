"""The QR code that a device adds up is the one that a library draws for the whole address."""

from __future__ import annotations

import base64

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints_service.intake.kiosk.receipts import SLIP_LETTERS
from complaints_service.keys import CROCKFORD
from complaints_service.public.slip_code import BITS, ZERO, slip_code

ADDRESSES = ["https://pengaduan.example.go.id/s/", "http://127.0.0.1:8000/s/", f"https://{'sub.' * 30}example.go.id/s/"]


def added_up(address: str, letters: str) -> list[int]:
    """As js/kiosk/slip-code.js does it: the dark modules, row by row."""
    code = slip_code(address, SLIP_LETTERS)
    raw, size = base64.b64decode(code.patterns), -(-(code.side**2) // 8)
    pattern = [int.from_bytes(raw[n : n + size], "big") for n in range(0, len(raw), size)]
    total = pattern[0]
    for n in range(SLIP_LETTERS * BITS):
        if (ord(letters[n // BITS]) ^ ord(ZERO)) >> n % BITS & 1:
            total ^= pattern[n + 1]
    bits = f"{total:0{size * 8}b}"
    return [n for n in range(code.side**2) if bits[n] == "1"]


@pytest.mark.parametrize("address", ADDRESSES)
@settings(max_examples=25)
@given(letters=st.text(CROCKFORD, min_size=SLIP_LETTERS, max_size=SLIP_LETTERS))
def test_it_is_the_code_of_the_whole_address(address: str, letters: str) -> None:
    ours = added_up(address, letters)
    drawn = (segno.make_qr(address + letters, error="m", mode="byte", mask=mask) for mask in range(8))
    theirs = [[n for n, dark in enumerate(m & 1 for row in code.matrix for m in row) if dark] for code in drawn]
    assert ours in theirs
