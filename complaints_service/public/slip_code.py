"""The QR code of a slip, for a device that has to draw it by itself. Pure.

Which receipt it leads to is known only on the device, while there is no line. But codes of one size and mask are linear: the XOR of two
of them is that of their contents. So the device is given the code of an address that ends in zeros, and for every bit of every letter
what that bit changes; it adds up those it needs (``static/js/kiosk/slip-code.js``).
"""

from __future__ import annotations

import base64
import functools

import msgspec
import segno

ZERO = "0"
# Letters and digits of a code are ASCII.
BITS = 7


class SlipCode(msgspec.Struct, frozen=True):
    """``patterns``: bitmaps of ``side`` x ``side`` modules, row by row, each begun at a byte: the zeros, then BITS for each letter.

    In base64.
    """

    side: int
    patterns: str


@functools.cache
def slip_code(address: str, letters: int) -> SlipCode:
    """What draws ``address`` followed by so many letters. Takes a fifth of a second, once for each address."""
    like = segno.make_qr(address + ZERO * letters, error="m", mode="byte")

    def bitmap(end: str) -> int:
        drawn = segno.make_qr(
            address + end, error=like.error, version=like.version, mask=like.mask, mode="byte", boost_error=False
        )
        return int("".join(str(module & 1) for row in drawn.matrix for module in row), 2)

    side = len(like.matrix)
    length = -(-side * side // 8)
    spare = length * 8 - side * side
    zeros = bitmap(ZERO * letters)
    patterns = [zeros]
    for place in range(letters):
        for bit in range(BITS):
            other = chr(ord(ZERO) ^ 1 << bit)
            patterns.append(zeros ^ bitmap(ZERO * place + other + ZERO * (letters - place - 1)))
    packed = b"".join((pattern << spare).to_bytes(length, "big") for pattern in patterns)
    return SlipCode(side, base64.b64encode(packed).decode())
