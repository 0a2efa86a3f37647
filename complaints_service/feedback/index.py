"""The satisfaction index (IKM) of PermenPANRB 14/2017: nine elements, each 1 to 4, as means, index and grade. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

ELEMENTS = tuple(f"u{number}" for number in range(1, 10))
# With fewer answers an index says little: it is shown with a flag.
ENOUGH = 30
# The lowest index of each grade, in hundredths.
_GRADES = (("A", 8831), ("B", 7661), ("C", 6500))


class Index(msgspec.Struct, frozen=True):
    """``n`` people; ``index`` 25.00 to 100.00; ``grade`` A to D; ``means``: of each element, 1.00 to 4.00; ``few``: under 30."""

    n: int
    index: float
    grade: str
    means: tuple[float, ...]
    few: bool


def index_of(n: int, sums: Sequence[int]) -> Index | None:
    """The index of ``n`` people whose answers sum up to ``sums`` (one for each element); None when nobody has answered.

    Each element weighs the same (1/9); the index is the mean times 25, rounded half up to two places.
    """
    if n == 0:
        return None
    hundredths = _half_up(Fraction(sum(sums) * 2500, len(ELEMENTS) * n))
    grade = next((name for name, least in _GRADES if hundredths >= least), "D")
    means = tuple(_half_up(Fraction(one * 100, n)) / 100 for one in sums)
    return Index(n, hundredths / 100, grade, means, n < ENOUGH)


def _half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))
