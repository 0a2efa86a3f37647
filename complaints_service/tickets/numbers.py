"""Numbers of tickets, as they are printed and as people type them. Pure."""

from __future__ import annotations

import re

NUMBER = re.compile(r"[A-Z]{1,6}-\d{4}-\d{6,12}")
FEWEST_DIGITS = 6
# Without what separates: the prefix, a year of this century, the count. O, I and L are typed for 0 and 1.
_TYPED = re.compile(r"([A-Z]{1,6}?)?(2[0O][0-9OIL]{2})([0-9OIL]{1,12})")
_DIGITS = str.maketrans("OIL", "011")


def as_printed(typed: str, prefix: str) -> str:
    """ "lt 2026 25" is LT-2026-000025, and so is "2026/25" in an office with the prefix LT. What is no number stays, in capitals."""
    plain = typed.strip().upper()
    found = _TYPED.fullmatch(re.sub(r"[^A-Z0-9]", "", plain))
    if found is None:
        return plain
    letters, year, count = found[1] or prefix, found[2].translate(_DIGITS), found[3].translate(_DIGITS)
    return f"{letters}-{year}-{count.lstrip('0').zfill(FEWEST_DIGITS)}"
