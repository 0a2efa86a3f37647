"""Passwords as argon2id hashes. Hashing takes tens of milliseconds of a core, so it runs in two threads beside the event loop."""

from __future__ import annotations

import asyncio
import functools
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from complaints_service.errors import Unavailable

LEAST_LENGTH = 10
MOST_LENGTH = 200

# OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE = 2
# Sign-ins that may wait for a thread; beyond that the service says so at once instead of piling them up (I11).
_WAITING = 40


def hash_password(password: str) -> str:
    """The argon2id hash to store (blocks for tens of milliseconds)."""
    return _HASHER.hash(password.encode("utf-8", "surrogatepass"))


def new_password() -> str:
    """A random password of three groups that can be read out and typed: ``kxm2f-9hqtw-c7rdz``."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(3))
    return "-".join(groups)


def matches(stored: str, password: str) -> bool:
    """Whether the password belongs to the stored hash (blocks); a hash that cannot be read matches nothing."""
    try:
        return _HASHER.verify(stored, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """True when the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


class PasswordCheck:
    """Checks passwords in threads; an unknown person costs the same time as a wrong password."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="password")
        self._waiting = 0

    async def correct(self, stored: str | None, password: str) -> bool:
        """Whether the password fits (None: there is no such person, so never). Raises Unavailable when too many wait."""
        if self._waiting >= _WAITING:
            raise Unavailable(2)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            fits = await loop.run_in_executor(self._threads, _fits, stored, password)
        finally:
            self._waiting -= 1
        return fits and stored is not None

    async def hash(self, password: str) -> str:
        """As ``hash_password``, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, hash_password, password)

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _fits(stored: str | None, password: str) -> bool:
    nobody = _dummy()  # made by the first check, whoever it is about
    return matches(stored if stored is not None else nobody, password)


@functools.cache
def _dummy() -> str:
    """A hash of nobody's password."""
    return hash_password(secrets.token_hex(16))
