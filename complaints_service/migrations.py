"""Applies migrations while web and workers of the version before go on (docs/migrations.md has the rule and its reasons).

A migration in a transaction is done within 0.8 s, waiting for locks included, or is rolled back and tried again. One outside
(``-- transaction: false``) goes statement by statement: indexes made concurrently, constraints validated, rows filled in batches that
tell how far they are.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import msgspec
import structlog
from pogo_core.migration import Migration, read_sql_migration, strip_comments, topological_sort
from pogo_core.util import sql as pogo_sql

from complaints_service.database import queries
from complaints_service.progress import Progress

log = structlog.get_logger(__name__)

# The longest that others may have to wait: for a lock that a migration holds, or behind one that it waits for. Less than the second
# after which PostgreSQL looks for deadlocks: where a migration and a transaction of the service wait for each other, it is the
# migration that gives way (tried: with longer times readiness was the victim, and said 503).
HELD_SECONDS = 0.8
LOCK_SECONDS = 0.4
TRIES = 40
LONGEST_PAUSE = 3.0

# Others had the lock, or were chosen to go on: the same again a little later.
_HELD_UP = (TimeoutError, asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
# What may run outside a transaction: it can be begun again when it was interrupted, and lets others read and write meanwhile.
_REPEATABLE = (
    re.compile(r"CREATE (UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (?P<index>\w+) ", re.IGNORECASE),
    re.compile(r"DROP INDEX CONCURRENTLY IF EXISTS ", re.IGNORECASE),
    re.compile(r"ALTER TABLE (ONLY )?\w+ VALIDATE CONSTRAINT ", re.IGNORECASE),
    re.compile(r"ANALYZE ", re.IGNORECASE),
    re.compile(r"DO \$", re.IGNORECASE),
)
_HOW_FAR = re.compile(r"(\d+) of (\d+)")


class HeldUp(RuntimeError):
    """A migration did not get, or would not let go of, its locks in time; nothing of it was kept that cannot be begun again."""


class NotRepeatable(ValueError):
    """A statement outside a transaction that could not be begun again after an interruption, or would lock others out."""


class _Step(msgspec.Struct, frozen=True):
    """One migration file."""

    name: str
    statements: list[str]
    in_transaction: bool
    record: Callable[[], Awaitable[None]]


async def apply(connection: asyncpg.Connection, folder: Path, progress: Progress) -> list[str]:
    """Apply what is missing, in order; returns the names. The caller holds the lock that makes it the only one.

    Raises HeldUp, NotRepeatable, what pogo raises for a file that it cannot read, and what asyncpg raises.
    """
    await pogo_sql.ensure_pogo_sync(connection)
    before = await pogo_sql.get_applied_migrations(connection, schema_name="public")
    found = await pogo_sql.read_migrations(folder, connection, schema_name="public")
    missing = [each for each in topological_sort([each.load() for each in found]) if not each.applied]
    for migration in missing:
        step = _step(connection, migration)
        log.warning("migration", name=step.name)
        if step.in_transaction:
            # Nobody is held up by a database that is only being made.
            await _in_a_transaction(connection, step, HELD_SECONDS if before else None)
        else:
            await _one_by_one(connection, step, progress)
    return [migration.id for migration in missing]


def refuse_unrepeatable(name: str, statements: list[str]) -> None:
    """Raises NotRepeatable when a statement must not stand in a migration outside a transaction."""
    for statement in statements:
        if not any(kind.match(statement) for kind in _REPEATABLE):
            raise NotRepeatable(f"{name}: {statement.partition(chr(10))[0]!r} belongs into a transaction")


def _step(connection: asyncpg.Connection, migration: Migration) -> _Step:
    _, _, _, _, in_transaction, statements, _ = read_sql_migration(migration.path)

    async def record() -> None:
        await pogo_sql.migration_applied(connection, migration.id, migration.hash, schema_name="public")

    bare = [text for statement in statements if (text := strip_comments(statement).strip())]
    return _Step(migration.id, bare, in_transaction, record)


async def _in_a_transaction(connection: asyncpg.Connection, step: _Step, seconds: float | None) -> None:
    async def attempt() -> None:
        async with asyncio.timeout(seconds), connection.transaction():
            await _limit(connection, LOCK_SECONDS, local=True)
            for statement in step.statements:
                await connection.execute(statement)
            await step.record()

    await _again(step.name, attempt)


async def _one_by_one(connection: asyncpg.Connection, step: _Step, progress: Progress) -> None:
    refuse_unrepeatable(step.name, step.statements)

    def tell(_connection: object, message: object) -> None:
        if told := _HOW_FAR.search(str(message)):
            progress(int(told[1]), int(told[2]), step.name)

    connection.add_log_listener(tell)
    try:
        for statement in step.statements:
            await _again(step.name, lambda statement=statement: _statement(connection, statement))
    finally:
        connection.remove_log_listener(tell)
    await step.record()


async def _statement(connection: asyncpg.Connection, statement: str) -> None:
    """Only batches take locks that others wait for; the rest waits as long as it must, and nobody behind it."""
    made = _REPEATABLE[0].match(statement)
    if made is not None:
        await _drop_half_made(connection, made["index"])
    await _limit(connection, LOCK_SECONDS if statement[:2].upper() == "DO" else 0.0)
    await connection.execute(statement)


async def _limit(connection: asyncpg.Connection, seconds: float, *, local: bool = False) -> None:
    """How long to wait for a lock, 0: as long as it takes; a statement may take as long as it takes, the transaction may not."""
    await queries("migrations").limits(connection, lock_timeout=f"{seconds}s", statement_timeout="0", local=local)


async def _drop_half_made(connection: asyncpg.Connection, index: str) -> None:
    """An index whose making was interrupted stays behind, is kept up and never used: IF NOT EXISTS would take it for done."""
    if await queries("migrations").half_made(connection, index=index):
        await connection.execute(f"DROP INDEX CONCURRENTLY {index}")


async def _again(name: str, attempt: Callable[[], Awaitable[None]]) -> None:
    for left in reversed(range(TRIES)):
        try:
            return await attempt()
        except _HELD_UP as error:
            log.warning("migration_held_up", name=name, error=type(error).__name__, tries_left=left)
            if left == 0:
                raise HeldUp(
                    f"{name} did not get, or held too long, a lock in {TRIES} tries: run it again at a quieter time, or split it"
                ) from error
        await asyncio.sleep(random.uniform(0.1, min(LONGEST_PAUSE, 0.2 * (TRIES - left))))  # noqa: S311 - jitter, no secret
    raise AssertionError("unreachable")
