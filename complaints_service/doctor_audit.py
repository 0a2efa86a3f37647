"""``complaints doctor --audit``: the invariants of RELIABILITY.md over all data, read in one snapshot, with the rows that break them."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from complaints_service.clock import monotonic
from complaints_service.database import queries
from complaints_service.doctor_chain import broken_chains, side_by_side, suspects
from complaints_service.doctor_checks import (
    OF_NAMES,
    OF_SPANS,
    OF_SUSPECTS,
    OF_TABLES,
    REWRITTEN,
    SHARES_OF_NAMES,
    Check,
)
from complaints_service.doctor_files import SHARES, broken_files, files_off_the_chain
from complaints_service.intake.attachments.storage import Storage
from complaints_service.progress import Progress, no_progress

if TYPE_CHECKING:
    from complaints_service.settings import Settings

# Tickets whose chains one statement looks at: some seconds of work.
SPAN = 25_000
# Days whose seals one statement makes again.
SEALS = 30
# Enough to see what is wrong; a broken invariant seldom breaks one row.
MOST_NAMED = 100
# Beyond a lease or a sweep of their usual lengths nothing may wait.
GRACE_SECONDS = 120.0
MOST_CONNECTIONS = 4


class Violation(msgspec.Struct, frozen=True):
    """A row that breaks an invariant; ``row`` is a ticket's number or a table's id, never personal data. ``office`` 0: of none."""

    invariant: str
    office: int
    row: str
    what: str
    advice: str = ""


class _Job(msgspec.Struct, frozen=True):
    """A part of the audit that any of its connections can do."""

    name: str
    work: Callable[[asyncpg.Connection], Awaitable[list[Violation]]]
    # What it looks at, under the invariants' names: several jobs may share it.
    part: str


async def audit(
    connection: asyncpg.Connection,
    grace_seconds: float = GRACE_SECONDS,
    progress: Progress = no_progress,
    *,
    beside: Sequence[asyncpg.Connection] = (),
    storage: Storage | None = None,
    whole_files: bool = False,
    spent: dict[str, float] | None = None,
) -> list[Violation]:
    """Every broken invariant (at most 100 rows of each kind), seen by the system in one read-only snapshot.

    ``grace_seconds``: how long due work may wait on this machine. ``beside``: connections that do a share of it in the same
    snapshot. ``storage``: where the files of I10 lie; ``whole_files``: hash each instead of comparing its size. ``spent``: takes the
    seconds of every part of it, by name. Raises what asyncpg raises.
    """
    async with AsyncExitStack() as transactions:
        await transactions.enter_async_context(_looking(connection, None))
        snapshot = await queries("backup").snapshot(connection) if beside else None
        for other in beside:
            await transactions.enter_async_context(_looking(other, snapshot))
        jobs = await _jobs(connection, grace_seconds)
        if storage is not None:
            jobs += [_files(storage, share, whole=whole_files) for share in SHARES]
        found: list[list[Violation]] = [[] for _ in jobs]
        waiting, done = list(enumerate(jobs)), [0]

        async def work(on: asyncpg.Connection) -> None:
            while waiting:
                place, job = waiting.pop(0)
                progress(done[0], len(jobs), job.name)
                began = monotonic()
                try:
                    found[place] = await job.work(on)
                except BaseException:
                    waiting.clear()  # the others end with what they have in hand
                    raise
                done[0] += 1
                if spent is not None:
                    spent[job.part] = spent.get(job.part, 0.0) + monotonic() - began

        ended = await asyncio.gather(*(work(each) for each in (connection, *beside)), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error
        progress(len(jobs), len(jobs), "audited")
    return _first_of_each([violation for part in found for violation in part])


@asynccontextmanager
async def audit_connections(settings: Settings, url: str) -> AsyncGenerator[list[asyncpg.Connection]]:
    """Connections to look with: as many as the machine has processors, four at most. The first is for everything else too."""
    many = max(1, min(MOST_CONNECTIONS, os.cpu_count() or 1))
    opened: list[asyncpg.Connection] = []
    try:
        for _ in range(many):
            opened.append(await asyncpg.connect(url, timeout=10, statement_cache_size=settings.statement_cache))
        yield opened
    finally:
        for connection in opened:
            await connection.close()


@asynccontextmanager
async def _looking(connection: asyncpg.Connection, snapshot: str | None) -> AsyncGenerator[None]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        if snapshot is not None:
            await connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        await queries("doctor").see_everything(connection)
        yield


async def _jobs(connection: asyncpg.Connection, grace_seconds: float) -> list[_Job]:
    """Short ones, or in spans that are short, so that no connection is left alone with one at the end."""
    jobs: list[_Job] = []
    for office in [row["id"] async for row in queries("doctor").offices(connection)]:
        days = [row["day"] async for row in queries("seals").sealed_days(connection, office_id=office)]
        jobs += [_seals(office, days[at : at + SEALS]) for at in range(0, len(days), SEALS)]
        span = await queries("doctor").ticket_ids(connection, office_id=office)
        if span["first"] is not None:
            spans = [(at, at + SPAN - 1) for at in range(span["first"], span["last"] + 1, SPAN)]
            jobs += [_tickets(office, *span) for span in spans]
            jobs += [
                _query(check, office_id=office, first=first, last=last) for check in OF_SPANS for first, last in spans
            ]
    jobs += [_query(OF_NAMES, after=after, before=before) for after, before in SHARES_OF_NAMES]
    return jobs + [
        _query(check, **({"grace_seconds": grace_seconds} if check.with_grace else {})) for check in OF_TABLES
    ]


def _query(check: Check, **values: object) -> _Job:
    if check.capped:
        values["most"] = MOST_NAMED

    async def work(connection: asyncpg.Connection) -> list[Violation]:
        async with side_by_side(connection):
            return await _rows_of(check, connection, **values)

    return _Job(check.invariant, work, f"{check.invariant}: {check.query}")


async def _rows_of(check: Check, connection: asyncpg.Connection, **values: object) -> list[Violation]:
    rows = getattr(queries("doctor"), check.query)(connection, **values)
    return [
        Violation(check.invariant, row["office_id"], row["row_name"], row["what"], check.advice) async for row in rows
    ]


def _tickets(office: int, first: int, last: int) -> _Job:
    """One span: I7, and what can be seen of I1, I2 and I9 on the way."""

    async def work(connection: asyncpg.Connection) -> list[Violation]:
        seen = await suspects(connection, office, first, last)
        wrong = await broken_chains(connection, office, seen.chain, MOST_NAMED)
        wrong += await files_off_the_chain(connection, office, first, last, seen.has_files)
        found = [Violation("I7", office, number, what, REWRITTEN) for number, what in wrong[:MOST_NAMED]]
        for why, check in OF_SUSPECTS.items():
            if ids := getattr(seen, why):
                found += await _rows_of(check, connection, office_id=office, ids=ids, most=MOST_NAMED)
        return found

    return _Job(f"tickets {first} to {last}", work, "I1, I2, I7, I9: tickets and their logs")


def _files(storage: Storage, share: str, *, whole: bool) -> _Job:
    async def work(connection: asyncpg.Connection) -> list[Violation]:
        wrong = await broken_files(connection, storage, share, whole=whole)
        advice = "bring the file back from a backup of DATA_DIR/attachments; the citizen may have it still"
        return [Violation("I10", office, number, what, advice) for office, number, what in wrong]

    return _Job("I10: files", work, "I10: files")


def _seals(office: int, days: list[date]) -> _Job:
    """I7 as the world outside can check it: the daily roots that have left by mail."""

    async def work(connection: asyncpg.Connection) -> list[Violation]:
        what = "no longer fits the log: compare it with the mail of that day"
        broken = queries("seals").broken_seals(connection, office_id=office, first=days[0], last=days[-1])
        return [Violation("I7", office, f"seal of {row['day']}", what, REWRITTEN) async for row in broken]

    return _Job(f"I7: seals from {days[0]}", work, "I7: seals")


def _first_of_each(found: list[Violation]) -> list[Violation]:
    """At most MOST_NAMED of each kind: one rewritten table would else fill the report. (Each check has its own advice.)"""
    counted: Counter[tuple[str, str]] = Counter()
    first: list[Violation] = []
    for violation in found:
        kind = (violation.invariant, violation.advice)
        counted[kind] += 1
        if counted[kind] <= MOST_NAMED:
            first.append(violation)
    return first
