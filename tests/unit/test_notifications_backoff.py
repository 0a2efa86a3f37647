"""How long a message waits before its next try."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from complaints_service.notifications.backoff import hold, pause


def test_the_first_pause_is_between_ten_and_twenty_seconds() -> None:
    assert pause(1, 10, 1800, 0.0) == 10
    assert pause(1, 10, 1800, 0.5) == 15
    assert pause(1, 10, 1800, 0.999) < 20


def test_the_ceiling_doubles_up_to_half_an_hour() -> None:
    assert pause(3, 10, 1800, 0.9999) > 70
    assert pause(8, 10, 1800, 0.5) == 10 + 1790 * 0.5
    assert pause(30_000, 10, 1800, 0.9999) <= 1800


@given(st.integers(1, 40_000), st.floats(0.01, 60), st.floats(60, 86_400), st.floats(0, 1, exclude_max=True))
def test_a_pause_never_leaves_its_bounds(attempt: int, least: float, most: float, luck: float) -> None:
    assert least <= pause(attempt, least, most, luck) <= most


def test_two_workers_do_not_come_back_in_the_same_moment() -> None:
    assert len({pause(4, 10, 1800, luck / 10) for luck in range(10)}) == 10


def test_a_broken_way_is_looked_at_again_within_a_minute() -> None:
    assert hold(1, 10, 1800, 0.5) == 15
    assert hold(1_000, 10, 1800, 0.9999) <= 60
    assert hold(9, 0.05, 0.2, 0.9) <= 0.2
