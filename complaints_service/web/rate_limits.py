"""How often one network address (or contact) may do a thing. Counters stand in Valkey under a keyed hash of it, never itself.

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
from typing import Any, NamedTuple, cast

import redis.asyncio
import structlog
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope
from redis.exceptions import RedisError

from complaints_service.clock import machine_now, monotonic
from complaints_service.errors import NotFound, TooMany, Unauthenticated
from complaints_service.keys import Keys
from complaints_service.settings import Settings
from complaints_service.web.addresses import network, sender

log = structlog.get_logger(__name__)

# The framework's user, auth and state types play no part here.
Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]

WINDOW_SECONDS = 60
# A form has ten pages; who sends more than that many times what may be filed is a program.
PAGES_A_FORM = 10
VALKEY_TIMEOUT = 0.05
PAUSE_SECONDS = 2.0
LOCAL_ENTRIES = 20_000

_COUNTED = "counted_when_wrong"


class Limit(StrEnum):
    """The things that are counted apart from each other."""

    FILING = "filing"
    LOOKUP = "lookup"
    SIGNIN = "signin"
    UPLOAD = "upload"
    VOICE = "voice"
    # Not of an address: complaints that name one contact, those of everybody together, and those that are held for a look.
    CONTACT = "contact"
    FLOOD = "flood"
    HELD = "held"


# Seconds of a window where that is not a minute.
_WINDOWS = {Limit.CONTACT: 3_600}


class RateLimits:
    """Sliding windows (``_WINDOWS``, else a minute): this window's count plus the part of the last one that still counts."""

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self._keys = keys
        self._trusted_proxies = tuple(ipaddress.ip_network(text, strict=False) for text in settings.trusted_proxies)
        self._most: dict[Limit, int | None] = {
            Limit.FILING: settings.rate_filing_per_minute,
            Limit.LOOKUP: settings.rate_lookup_per_minute,
            Limit.SIGNIN: settings.rate_signin_per_minute,
            Limit.UPLOAD: settings.rate_upload_per_minute,
            # A click that is only counted, a survey: as many from one address as complaints.
            Limit.VOICE: settings.rate_filing_per_minute,
            Limit.CONTACT: settings.rate_contact_per_hour,
            Limit.FLOOD: settings.rate_flood_per_minute,
            Limit.HELD: settings.rate_held_per_minute,
        }
        self.hold_hours = settings.hold_hours
        self._local = _LocalCounts()
        self._storm = _LocalCounts()
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
        if most is not None:
            _refuse(most, await self._read(name, address, count=True), allowed=most)

    async def beyond(self, name: Limit, subject: str) -> bool:
        """Count one more, and say whether that is more than the limit."""
        most = self._most[name]
        return most is not None and (await self._read(name, subject, count=True)).weighted > most

    async def look(self, name: Limit, address: str) -> None:
        """As ``check`` but without counting, for what is counted only when it fails. Raises TooMany."""
        most = self._most[name]
        if most is not None:
            _refuse(most, await self._read(name, address, count=False), allowed=most - 1)

    async def count(self, name: Limit, address: str) -> None:
        """Count one more and refuse nothing: the next ``look`` sees it."""
        if self._most[name] is not None:
            await self._read(name, address, count=True)

    def storms(self, address: str) -> bool:
        """Count one more page of a form, in this process alone and without waiting: whether one address sends more than people can."""
        most = self._most[Limit.FILING]
        if most is None:
            return False
        window, passed = divmod(machine_now().timestamp(), WINDOW_SECONDS)
        current, before = self._storm.read(self._key("storm", address), int(window), count=True)
        return _Counts(current, before, passed, WINDOW_SECONDS).weighted > most * PAGES_A_FORM

    def address_of(self, connection: Connection) -> str:
        """Who sends (see ``addresses.sender``)."""
        peer = connection.client.host if connection.client is not None else "local"
        return sender(peer, connection.headers.get("x-forwarded-for", ""), self._trusted_proxies)

    async def close(self) -> None:
        """Close the connections to Valkey."""
        if self._valkey is not None:
            await self._valkey.aclose()

    async def _read(self, name: Limit, address: str, *, count: bool) -> _Counts:
        """Counts in Valkey, and in this process when it does not answer in time."""
        now, length = machine_now().timestamp(), _WINDOWS.get(name, WINDOW_SECONDS)
        window, passed = int(now // length), now % length
        key = self._key(name, address)
        if self._valkey is not None and monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(VALKEY_TIMEOUT):
                    counts = await self._in_valkey(self._valkey, key, window, count, length)
                    return _Counts(*counts, passed, length)
            except (RedisError, OSError, TimeoutError, ValueError) as error:
                self._away_until = monotonic() + PAUSE_SECONDS
                log.warning("rate_limits_without_valkey", error=type(error).__name__)
        return _Counts(*self._local.read(key, window, count), passed, length)

    def _key(self, name: str, subject: str) -> str:
        return f"rate:{name}:{self._keys.digest('rate-limit', name, network(subject))[:16].hex()}"

    async def _in_valkey(
        self, valkey: redis.asyncio.Redis, key: str, window: int, count: bool, length: int
    ) -> tuple[int, int]:
        """One round trip: this window's count (with this one, when it counts) and the last one's."""
        pipeline = valkey.pipeline(transaction=False)
        if count:
            pipeline.incr(f"{key}:{window}")
            pipeline.expire(f"{key}:{window}", 2 * length)
        else:
            pipeline.get(f"{key}:{window}")
        pipeline.get(f"{key}:{window - 1}")
        answers = cast("list[int | bytes | None]", await pipeline.execute())
        return int(answers[0] or 0), int(answers[-1] or 0)


class _Counts(NamedTuple):
    """Of this window and of the one before, the seconds of this window that have passed, and how many it has."""

    current: int
    before: int
    passed: float
    length: int

    @property
    def weighted(self) -> float:
        """This window's count and the part of the last one that still counts."""
        return self.current + self.before * (1 - self.passed / self.length)


class _LocalCounts:
    """Counts of this process, the least recently used forgotten first."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    def read(self, key: str, window: int, count: bool) -> tuple[int, int]:
        """The counts of this window (with one more, when it counts) and of the one before."""
        held, current, before = self._counts.pop(key, (window, 0, 0))
        if held != window:
            current, before = 0, (current if held == window - 1 else 0)
        if count:
            current += 1
        if current or before:
            self._counts[key] = (window, current, before)
        if len(self._counts) > LOCAL_ENTRIES:
            self._counts.popitem(last=False)
        return current, before


def client_address(connection: Connection) -> str:
    """Who sends (see ``RateLimits.address_of``)."""
    return limits_of(connection).address_of(connection)


def limits_of(connection: Connection) -> RateLimits:
    """The limits of this application, for handlers that count by themselves."""
    limits: RateLimits = connection.app.state.rate_limits
    return limits


def limited(name: Limit) -> Guard:
    """A Litestar guard that counts every request, for ``guards=[limited(Limit.FILING)]``. Raises TooMany."""

    async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
        await limits_of(connection).check(name, client_address(connection))

    return guard


def limited_failures(name: Limit) -> Guard:
    """A Litestar guard for secrets that could be guessed: only wrong ones count (see ``count_failure``). Raises TooMany.

    Whoever has the right code or password may come as often as they like.
    """

    async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
        await limits_of(connection).look(name, client_address(connection))
        connection.scope["state"][_COUNTED] = name

    return guard


async def count_failure(error: Exception, scope: Scope) -> None:
    """Litestar ``after_exception`` hook: counts a wrong secret on a route under ``limited_failures``."""
    name: Limit | None = scope["state"].pop(_COUNTED, None)
    if name is not None and isinstance(error, NotFound | Unauthenticated):
        connection: Connection = ASGIConnection(scope)
        await limits_of(connection).count(name, client_address(connection))


def _refuse(most: int, counts: _Counts, *, allowed: int) -> None:
    if counts.weighted > allowed:
        raise TooMany(_seconds_until_free(most, *counts))


def _seconds_until_free(most: int, current: int, before: int, passed: float, length: int) -> int:
    """Seconds until the weighted count lets one more in, when nobody sends in between (1 to twice the window)."""
    left = length - passed
    if current <= most and before > 0:
        # The last window's share falls with time.
        return max(1, math.ceil((1 - (most - current) / before) * length - passed))
    # This window alone is over: it must become the last one and fade.
    return max(1, math.ceil(left + (1 - most / current) * length))
