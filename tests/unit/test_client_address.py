"""Whose X-Forwarded-For is believed: only that of a proxy we were told to trust."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from complaints_service.keys import Keys
from complaints_service.settings import Settings, SettingsError
from complaints_service.web.rate_limits import RateLimits, client_address


def asked(peer: str, forwarded: str | None, trusted: str) -> str:
    env = {
        "COMPLAINTS_DEV": "1",
        "COMPLAINTS_DATABASE_URL": "postgresql://x@/x",
        "COMPLAINTS_SECRET_KEY": "k" * 40,
        "COMPLAINTS_TRUSTED_PROXIES": trusted,
    }
    limits = RateLimits(Settings.from_env(env), Keys(b"k" * 40))
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    connection = SimpleNamespace(
        client=SimpleNamespace(host=peer),
        headers=headers,
        app=SimpleNamespace(state=SimpleNamespace(rate_limits=limits)),
    )
    return client_address(connection)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "who"),
    [
        ("203.0.113.9", "198.51.100.1", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.2", "198.51.100.1", "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.2", "6.6.6.6, 198.51.100.1", "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.2", "198.51.100.1, 10.0.0.3", "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.2", "<script>", "10.0.0.0/8", "10.0.0.2"),
        ("10.0.0.2", None, "10.0.0.0/8", "10.0.0.2"),
        ("::1", "2001:db8::7", "::1", "2001:db8::7"),
    ],
)
def test_only_a_trusted_proxy_is_believed(peer: str, forwarded: str | None, trusted: str, who: str) -> None:
    assert asked(peer, forwarded, trusted) == who


def test_a_proxy_that_is_no_network_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        asked("10.0.0.2", None, "everything")
