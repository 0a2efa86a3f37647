"""The token that says whose device a browser is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints_service.accounts.own_device import DEVICE_SECONDS, is_own_device, own_device_token
from complaints_service.keys import Keys

KEYS, NOW = Keys(b"k" * 32), datetime(2026, 11, 29, 4, tzinfo=UTC)
TOKEN = own_device_token(KEYS, 1, 7, "hash", NOW)


def test_it_holds_for_180_days_of_machine_time() -> None:
    last = NOW + timedelta(seconds=DEVICE_SECONDS - 1)
    assert is_own_device(KEYS, 1, 7, "hash", TOKEN, NOW)
    assert is_own_device(KEYS, 1, 7, "hash", TOKEN, last)
    assert not is_own_device(KEYS, 1, 7, "hash", TOKEN, last + timedelta(seconds=1))
    assert not is_own_device(KEYS, 1, 7, "hash", TOKEN, NOW - timedelta(seconds=1))


@pytest.mark.parametrize(("office", "person", "password"), [(2, 7, "hash"), (1, 8, "hash"), (1, 7, "another")])
def test_it_is_worth_nothing_for_anybody_else_and_after_a_new_password(office: int, person: int, password: str) -> None:
    assert not is_own_device(KEYS, office, person, password, TOKEN, NOW)


def test_the_day_it_was_made_cannot_be_moved() -> None:
    made, _, proof = TOKEN.partition(".")
    assert not is_own_device(KEYS, 1, 7, "hash", f"{int(made) + 1}.{proof}", NOW + timedelta(days=1))


@given(st.text(max_size=150))
def test_whatever_else_is_sent_is_nobodys(token: str) -> None:
    assert token == TOKEN or not is_own_device(KEYS, 1, 7, "hash", token, NOW)
