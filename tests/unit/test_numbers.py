"""A number as people type it is the number as it is printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints_service.tickets.numbers import NUMBER, as_printed


@pytest.mark.parametrize(
    "typed",
    ["LT-2026-000025", "lt 2026 25", " lt202625 ", "2026/25", "LT.2026.0025", "Lt–2O26–OOOO25", "lt-2026-00000000025"],
)
def test_dropped_zeros_separators_and_the_prefix_are_filled_in(typed: str) -> None:
    assert as_printed(typed, "LT") == "LT-2026-000025"


@pytest.mark.parametrize(
    ("typed", "left"), [("25", "25"), ("s-7k3m-9q", "S-7K3M-9Q"), ("", ""), ("lt-1999-25", "LT-1999-25")]
)
def test_what_is_no_number_stays_as_it_is(typed: str, left: str) -> None:
    assert as_printed(typed, "LT") == left


@given(st.from_regex(r"[A-Z]{1,6}", fullmatch=True), st.integers(2000, 2099), st.integers(1, 10**12 - 1))
def test_a_printed_number_is_itself_with_any_prefix(prefix: str, year: int, count: int) -> None:
    printed = f"{prefix}-{year}-{count:06}"
    assert NUMBER.fullmatch(printed)
    assert as_printed(printed, "LT") == printed


@given(st.text(max_size=60))
def test_no_text_breaks_it(typed: str) -> None:
    once = as_printed(typed, "LT")
    assert as_printed(once, "LT") == once
