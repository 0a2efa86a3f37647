"""Limits by name, counted in a real Valkey under keyed hashes, and by each process for itself when Valkey is away."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator

import msgspec
import pytest
import redis.asyncio

from complaints_service.errors import TooMany
from complaints_service.keys import Keys
from complaints_service.settings import Settings
from complaints_service.web import rate_limits
from complaints_service.web.addresses import network
from complaints_service.web.rate_limits import Limit, RateLimits
from complaints_service.wiring import Services
from tests.app_client import opened_app

MOST = 5


def limited_settings(settings: Settings, redis_url: str | None) -> Settings:
    return msgspec.structs.replace(
        settings,
        redis_url=redis_url,
        rate_filing_per_minute=MOST,
        rate_lookup_per_minute=MOST,
        rate_signin_per_minute=None,
    )


@pytest.fixture
async def limits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RateLimits]:
    """Five a minute, counted in Valkey, however slow this machine is at the moment."""
    monkeypatch.setattr(rate_limits, "VALKEY_TIMEOUT", 20)
    opened = RateLimits(limited_settings(settings, settings.redis_url), Keys(settings.secret_key))
    yield opened
    await opened.close()


@pytest.fixture
def address() -> str:
    """Somebody's network address, new in every test."""
    return f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"


async def allowed(limits: RateLimits, name: Limit, address: str, times: int) -> int:
    """How many of so many were let through."""
    through = 0
    for _ in range(times):
        try:
            await limits.check(name, address)
            through += 1
        except TooMany as refusal:
            assert 1 <= int(refusal.headers["Retry-After"]) <= 120
    return through


async def test_an_address_is_refused_beyond_its_number_and_told_when_to_come_back(
    limits: RateLimits, address: str
) -> None:
    assert await allowed(limits, Limit.FILING, address, 3 * MOST) == MOST


async def test_each_name_and_each_address_is_counted_apart(limits: RateLimits, address: str) -> None:
    assert await allowed(limits, Limit.FILING, address, 2 * MOST) == MOST
    assert await allowed(limits, Limit.LOOKUP, address, MOST) == MOST
    assert await allowed(limits, Limit.FILING, "192.0.2." + address.rpartition(".")[2], MOST) == MOST


async def test_a_limit_that_is_not_set_refuses_nobody(limits: RateLimits, address: str) -> None:
    assert await allowed(limits, Limit.SIGNIN, address, 10 * MOST) == 10 * MOST


async def test_all_processes_count_together(settings: Settings, limits: RateLimits, address: str) -> None:
    other = RateLimits(limited_settings(settings, settings.redis_url), Keys(settings.secret_key))
    through = await allowed(limits, Limit.FILING, address, MOST) + await allowed(other, Limit.FILING, address, MOST)
    await other.close()
    assert through == MOST


async def test_many_at_once_are_counted_one_by_one(limits: RateLimits, address: str) -> None:
    through = await asyncio.gather(*(allowed(limits, Limit.FILING, address, 1) for _ in range(20)))
    assert sum(through) == MOST


async def test_a_customer_with_a_whole_network_is_one_sender(limits: RateLimits) -> None:
    prefix = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}"
    through = [await allowed(limits, Limit.FILING, f"{prefix}::{n:x}", 1) for n in range(1, 2 * MOST)]
    assert sum(through) == MOST
    assert network("::ffff:192.0.2.1") == network("192.0.2.1")
    assert network("fe80::1%eth0") == network("fe80::2")
    assert network("testclient") == "testclient"


async def test_addresses_are_not_kept_and_counters_go_away_by_themselves(
    settings: Settings, limits: RateLimits, address: str
) -> None:
    await allowed(limits, Limit.FILING, address, 1)
    assert settings.redis_url is not None
    valkey = redis.asyncio.Redis.from_url(settings.redis_url)
    try:
        keys: list[bytes] = await valkey.keys("rate:*")
        ages = [await valkey.ttl(key) for key in keys]
    finally:
        await valkey.aclose()
    assert keys
    assert not any(address.encode() in key for key in keys)
    never, gone = -1, -2  # others' counters may go between the two questions
    assert never not in ages
    assert all(age == gone or 0 <= age <= 120 for age in ages)


async def test_only_what_fails_counts_where_secrets_could_be_guessed(limits: RateLimits, address: str) -> None:
    for _ in range(3 * MOST):
        await limits.look(Limit.LOOKUP, address)
    for _ in range(MOST):
        await limits.look(Limit.LOOKUP, address)
        await limits.count(Limit.LOOKUP, address)
    with pytest.raises(TooMany) as caught:
        await limits.look(Limit.LOOKUP, address)
    assert 1 <= int(caught.value.headers["Retry-After"]) <= 120


async def test_guessed_codes_are_held_up_and_the_right_code_may_come_as_often_as_it_likes(
    settings: Settings, services: Services, address: str
) -> None:
    few = msgspec.structs.replace(services, settings=limited_settings(settings, settings.redis_url))
    few = msgspec.structs.replace(few, settings=msgspec.structs.replace(few.settings, rate_filing_per_minute=None))
    async with opened_app(few.settings, few, address) as client:
        body = {"description": "Paspor saya belum jadi padahal sudah lama."}
        filed = (await client.post("/api/v1/complaints", json=body, headers={"Idempotency-Key": address})).json()
        path, right = f"/api/v1/complaints/{filed['number']}", {"Authorization": f"Bearer {filed['tracking_code']}"}
        wrong = {"Authorization": "Bearer 0000-0000-00"}
        assert [(await client.get(path, headers=right)).status_code for _ in range(3 * MOST)] == [200] * (3 * MOST)
        assert [(await client.get(path, headers=wrong)).status_code for _ in range(MOST)] == [404] * MOST
        refused = [await client.get(path, headers=wrong), await client.get(path, headers=right)]
        assert [answer.status_code for answer in refused] == [429, 429]
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)


@pytest.fixture
async def silent_server() -> AsyncIterator[int]:
    """The port of a server that takes connections and never says a word."""
    hanging = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hanging.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    hanging.set()
    server.close()
    await server.wait_closed()


def nobody_listens() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("outage", ["refused", "silent", "garbage"])
async def test_without_valkey_each_process_counts_for_itself(
    settings: Settings, address: str, silent_server: int, outage: str
) -> None:
    url = {
        "refused": f"redis://127.0.0.1:{nobody_listens()}/0",
        "silent": f"redis://127.0.0.1:{silent_server}/0",
        "garbage": f"redis://:wrong-password@127.0.0.1:{silent_server}/0",
    }[outage]
    alone = RateLimits(limited_settings(settings, url), Keys(settings.secret_key))
    assert await allowed(alone, Limit.FILING, address, 3 * MOST) == MOST
    await alone.close()


async def test_a_counter_that_holds_garbage_refuses_nobody(settings: Settings, address: str) -> None:
    assert settings.redis_url is not None
    own = settings.redis_url + ("&" if "?" in settings.redis_url else "?") + "db=9"
    limits, valkey = (
        RateLimits(limited_settings(settings, own), Keys(settings.secret_key)),
        redis.asyncio.Redis.from_url(own),
    )
    try:
        await allowed(limits, Limit.FILING, address, 1)
        keys = await valkey.keys("rate:*")
        assert keys
        for key in keys:
            await valkey.set(key, b"\x80\x04garbage", keepttl=True)
        assert await allowed(limits, Limit.FILING, address, 1) == 1
    finally:
        await valkey.aclose()
        await limits.close()
