"""Rules around signing in that need no server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints_service.accounts.own_path import landing, own_path
from complaints_service.accounts.passwords import hash_password, matches, new_password, outdated
from complaints_service.accounts.signin_delay import ACCOUNT_ATTACK, PAIR_FREE, PAIR_LONGEST, Failures, wait_seconds
from complaints_service.accounts.token_scopes import token_may
from complaints_service.office.model import Role


def test_the_first_failures_cost_no_waiting() -> None:
    assert [wait_seconds(Failures(pair=n)) for n in range(PAIR_FREE)] == [0] * PAIR_FREE


def test_waiting_doubles_with_every_further_failure_up_to_five_minutes() -> None:
    waits = [wait_seconds(Failures(pair=PAIR_FREE + n)) for n in range(10)]
    assert waits[:5] == [2, 4, 8, 16, 32]
    assert waits[-1] == PAIR_LONGEST


def test_time_that_has_passed_since_the_last_failure_counts() -> None:
    assert wait_seconds(Failures(pair=PAIR_FREE + 4, pair_age=30.2)) == 2
    assert wait_seconds(Failures(pair=PAIR_FREE + 4, pair_age=33)) == 0


@given(account=st.integers(0, 10_000_000))
def test_failures_from_other_addresses_never_keep_the_owner_out(account: int) -> None:
    assert wait_seconds(Failures(account=account)) == 0


def test_an_account_under_attack_gives_each_address_fewer_tries() -> None:
    assert wait_seconds(Failures(pair=2, account=ACCOUNT_ATTACK)) > 0
    assert wait_seconds(Failures(pair=2, account=ACCOUNT_ATTACK - 1)) == 0


@given(pair=st.integers(0, 100_000), address=st.integers(0, 100_000), account=st.integers(0, 100_000))
def test_nobody_ever_waits_longer_than_five_minutes(pair: int, address: int, account: int) -> None:
    assert 0 <= wait_seconds(Failures(pair=pair, address=address, account=account)) <= PAIR_LONGEST


@pytest.mark.parametrize("path", ["/desk", "/desk/t/LT-2026-000417?tab=log", "/manage/feedback", "/"])
def test_pages_of_this_site_are_followed_after_signing_in(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "desk",
        "",
        None,
        "/a//b",
        "/desk\r\nSet-Cookie: a=b",
        "/\u00a0/evil",
        "/masuk",
        "/masuk?next=/masuk",
        "/keluar",
        "/" + "a" * 600,
    ],
)
def test_no_address_leads_away_from_this_site(path: str | None) -> None:
    assert own_path(path) is None


def test_every_role_has_a_first_page() -> None:
    assert {own_path(landing(role)) for role in Role} == {"/desk", "/manage", "/admin"}


@pytest.mark.parametrize(
    ("path", "scopes", "may"),
    [
        ("/api/v1/tickets", {"tickets"}, True),
        ("/api/v1/tickets/LT-2026-000417/commands", {"tickets"}, True),
        ("/api/v1/tickets", {"reports", "feedback", "admin"}, False),
        ("/api/v1/ticketsx", {"tickets"}, False),
        ("/api/v1/reports/summary", {"reports"}, True),
        ("/api/v1/feedback/cycles", {"feedback"}, True),
        ("/api/v1/feedback/cycles", {"tickets"}, False),
        ("/api/v1/calendars/preview", set(), True),
        ("/api/v1/calendars", {"tickets"}, False),
        ("/api/v1/tokens", {"tickets", "reports", "feedback", "admin"}, False),
        ("/desk", {"tickets", "reports", "feedback", "admin"}, False),
        ("/api/v1/something-new", {"tickets", "reports", "feedback", "admin"}, False),
    ],
)
def test_a_token_opens_only_what_it_was_made_for(path: str, scopes: set[str], may: bool) -> None:
    assert token_may(path, frozenset(scopes)) is may


def test_passwords_are_stored_as_argon2id_with_a_salt_of_their_own() -> None:
    first, second = hash_password("Rahasia-sekali-1"), hash_password("Rahasia-sekali-1")
    assert first.startswith("$argon2id$")
    assert first != second
    assert matches(first, "Rahasia-sekali-1")
    assert not matches(first, "rahasia-sekali-1")
    assert not outdated(first)


def test_a_hash_that_cannot_be_read_matches_nothing() -> None:
    assert not matches("", "")
    assert not matches("plain", "plain")


def test_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in() -> None:
    assert outdated("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$yrLmYBNsIBrqcOBa8pT2yPJlDIqTmhXhSLvQtPMJ0lQ")


def test_made_passwords_are_long_and_never_the_same() -> None:
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    assert {len(password) for password in made} == {17}
