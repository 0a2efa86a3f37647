"""How often one network address may do a thing. Counters stand in Valkey under a keyed hash of the address, never the address.

Without Valkey each process counts for itself, in a bounded table: a limit may then be too generous, but nobody is refused who
should not be, and no request waits longer than ``VALKEY_TIMEOUT`` (and only one of them each ``PAUSE_SECONDS``).
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, cast

import redis.asyncio
import structlog
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from redis.exceptions import RedisError

from complaints_service.clock import machine_now, monotonic
from complaints_service.errors import TooMany
from complaints_service.keys import Keys
from complaints_service.settings import Settings

log = structlog.get_logger(__name__)

# The framework's user, auth and state types play no part here.
Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]

WINDOW_SECONDS = 60
VALKEY_TIMEOUT = 0.05
PAUSE_SECONDS = 2.0
LOCAL_ENTRIES = 20_000
API_PER_MINUTE = 1200


class Limit(StrEnum):
    """The things that are counted apart from each other."""

    FILING = "filing"
    LOOKUP = "lookup"
    SIGNIN = "signin"
    API = "api"


class RateLimits:
    """Sliding one-minute windows: this window's count plus the part of the last one that still counts."""

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self._keys = keys
        self._most: dict[Limit, int | None] = {
            Limit.FILING: settings.rate_filing_per_minute,
            Limit.LOOKUP: settings.rate_lookup_per_minute,
            Limit.SIGNIN: settings.rate_signin_per_minute,
            Limit.API: API_PER_MINUTE,
        }
        self._local = _LocalCounts()
        self._away_until = 0.0
        self._valkey: redis.asyncio.Redis | None = None
        if settings.redis_url is not None:
            self._valkey = redis.asyncio.Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
                settings.redis_url,
                socket_timeout=VALKEY_TIMEOUT,
                socket_connect_timeout=VALKEY_TIMEOUT,
                max_connections=32,
            )

    async def check(self, name: Limit, address: str) -> None:
        """Count one more for this network address. Raises TooMany with the seconds after which one is free again."""
        most = self._most[name]
        if most is None:
            return
        now = machine_now().timestamp()
        window = int(now // WINDOW_SECONDS)
        key = f"rate:{name}:{self._keys.digest('rate-limit', name, network(address))[:16].hex()}"
        current, before = await self._count(key, window)
        passed = now % WINDOW_SECONDS
        if current + before * (1 - passed / WINDOW_SECONDS) > most:
            raise TooMany(_seconds_until_free(most, current, before, passed))

    async def close(self) -> None:
        """Close the connections to Valkey."""
        if self._valkey is not None:
            await self._valkey.aclose()

    async def _count(self, key: str, window: int) -> tuple[int, int]:
        """Count in Valkey, and here when it does not answer in time."""
        if self._valkey is not None and monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(VALKEY_TIMEOUT):
                    return await self._count_in_valkey(self._valkey, key, window)
            except (RedisError, OSError, TimeoutError, ValueError) as error:
                self._away_until = monotonic() + PAUSE_SECONDS
                log.warning("rate_limits_without_valkey", error=type(error).__name__)
        return self._local.count(key, window)

    async def _count_in_valkey(self, valkey: redis.asyncio.Redis, key: str, window: int) -> tuple[int, int]:
        pipeline = valkey.pipeline(transaction=False)
        pipeline.incr(f"{key}:{window}")
        pipeline.expire(f"{key}:{window}", 2 * WINDOW_SECONDS)
        pipeline.get(f"{key}:{window - 1}")
        current, _, before = cast("tuple[int, bool, bytes | None]", tuple(await pipeline.execute()))
        return current, int(before or 0)


class _LocalCounts:
    """Counts of this process, the least recently used forgotten first."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    def count(self, key: str, window: int) -> tuple[int, int]:
        """One more in this window: the counts of this window and the one before."""
        held, current, before = self._counts.pop(key, (window, 0, 0))
        if held != window:
            current, before = 0, (current if held == window - 1 else 0)
        self._counts[key] = (window, current + 1, before)
        if len(self._counts) > LOCAL_ENTRIES:
            self._counts.popitem(last=False)
        return current + 1, before


def network(address: str) -> str:
    """What counts as one sender: an IPv4 address, or the /64 that one IPv6 customer has; anything else as it is."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def client_address(connection: Connection) -> str:
    """The address at the other end of the connection. Proxy headers are not trusted: anybody can write them (CVE-2025-59152)."""
    return connection.client.host if connection.client is not None else "local"


def limits_of(connection: Connection) -> RateLimits:
    """The limits of this application, for handlers that count by themselves."""
    limits: RateLimits = connection.app.state.rate_limits
    return limits


def limited(name: Limit) -> Guard:
    """A Litestar guard that counts the request, for ``guards=[limited(Limit.FILING)]``. Raises TooMany."""

    async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
        await limits_of(connection).check(name, client_address(connection))

    return guard


def _seconds_until_free(most: int, current: int, before: int, passed: float) -> int:
    """Seconds until the weighted count lets one more in, when nobody sends in between (1 to 120)."""
    left = WINDOW_SECONDS - passed
    if current <= most and before > 0:
        # The last window's share falls with time.
        return max(1, math.ceil((1 - (most - current) / before) * WINDOW_SECONDS - passed))
    # This window alone is over: it must become the last one and fade.
    return max(1, math.ceil(left + (1 - most / current) * WINDOW_SECONDS))
