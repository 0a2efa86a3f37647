"""``complaints doctor --audit``: the invariants of RELIABILITY.md over all data, read in one snapshot, with the rows that break them."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from complaints_service.database import queries
from complaints_service.doctor_chain import broken_chains, suspects
from complaints_service.doctor_files import SHARES, broken_files, files_off_the_chain
from complaints_service.intake.attachments.storage import Storage
from complaints_service.progress import Progress, no_progress

if TYPE_CHECKING:
    from complaints_service.settings import Settings

# Tickets whose chains one statement looks at: some seconds of work.
SPAN = 25_000
# Enough to see what is wrong; a broken invariant seldom breaks one row.
MOST_NAMED = 100
# Beyond a lease or a sweep of their usual lengths nothing may wait.
GRACE_SECONDS = 120.0
MOST_CONNECTIONS = 4


class Check(msgspec.Struct, frozen=True):
    """A query of sql/queries/doctor.sql whose rows break an invariant, and what a person does about such a row."""

    invariant: str
    query: str
    advice: str
    with_grace: bool = False
    capped: bool = True


_LOG = "restore a backup beside this database and compare; the log of the machine tells who was there"
_CHECKS = (
    Check("I1", "i1_acknowledged", "look for the ticket in a backup: its reporter holds a number"),
    Check("I3", "i3_one_row", "cancel the row that has not left; the reader got or gets it twice"),
    Check("I3", "i3_one_roll_up", "nothing to send again; report it: a roll-up has a unique key"),
    Check(
        "I4", "i4_stuck", "see that a worker runs and the way works (/admin); it leaves by itself then", with_grace=True
    ),
    Check("I4", "i4_ends", "send it again on /admin, or tell the reader another way"),
    Check("I5", "i5_copies", "the reader may hold several copies; look for a way out that cuts connections"),
    Check("I5", "i5_one_name", "tell the reader another way: one of the messages may not be shown"),
    Check("I6", "i6_early", "look at the clock's moves (clock_move); tell who was escalated to too early"),
    Check(
        "I6", "i6_late", "see that a worker runs: it fires by itself then; poison timers have an alarm", with_grace=True
    ),
    Check("I8", "i8_tables", "ALTER TABLE ... ENABLE and FORCE ROW LEVEL SECURITY with the policies of 0008_scope.sql"),
    Check("I8", "i8_assigned", "give the case to somebody else at the desk"),
    Check("I8", "i8_told", "tell the head of office: the person named knows of the complaint"),
    Check("I9", "i9_messages", "report it: messages carry codes, words are put in when they leave"),
    Check("I9", "i9_erased", "erase the words again"),
    Check("I11", "i11_bounds", "see that a worker runs: its upkeep takes them away", with_grace=True, capped=False),
    Check("I12", "i12_silent", "act on the case at the desk: any deed arms its clocks anew; report it"),
)
# What the walk over all tickets looks at beside their chains (``doctor_chain.Suspects``), and who says what it is.
_OF_TICKETS = {
    "half_filed": Check("I1", "i1_whole", "look for the missing rows in a backup; filing never leaves them out"),
    "filed_again": Check("I2", "i2_one_each", "merge the tickets at the desk and report it: a filing happens once"),
    "tells_reporter": Check("I9", "i9_events", "report it: words of people belong into the erasable tables"),
}
_ALL = (*_CHECKS, *_OF_TICKETS.values())
INVARIANTS: tuple[str, ...] = tuple(
    sorted({"I7", "I10", *(check.invariant for check in _ALL)}, key=lambda name: int(name.removeprefix("I")))
)


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


async def audit(
    connection: asyncpg.Connection,
    grace_seconds: float = GRACE_SECONDS,
    progress: Progress = no_progress,
    *,
    beside: Sequence[asyncpg.Connection] = (),
    storage: Storage | None = None,
    whole_files: bool = False,
) -> list[Violation]:
    """Every broken invariant (at most 100 rows of each kind), seen by the system in one read-only snapshot.

    ``grace_seconds``: how long due work may wait on this machine. ``beside``: connections that do a share of it in the same
    snapshot. ``storage``: where the files of I10 lie; ``whole_files``: hash each instead of comparing its size. Raises what asyncpg
    raises.
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
                try:
                    found[place] = await job.work(on)
                except BaseException:
                    waiting.clear()  # the others end with what they have in hand
                    raise
                done[0] += 1

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
    """The long ones first, so that no connection is left alone with them at the end."""
    jobs: list[_Job] = []
    for office in [row["id"] async for row in queries("doctor").offices(connection)]:
        span = await queries("doctor").ticket_ids(connection, office_id=office)
        if span["first"] is not None:
            jobs += [_seals(office)]
            jobs += [_tickets(office, at, at + SPAN - 1) for at in range(span["first"], span["last"] + 1, SPAN)]
    return jobs + [_query(check, grace_seconds) for check in _CHECKS]


def _query(check: Check, grace_seconds: float) -> _Job:
    more: dict[str, float] = {"grace_seconds": grace_seconds} if check.with_grace else {}
    if check.capped:
        more["most"] = MOST_NAMED

    async def work(connection: asyncpg.Connection) -> list[Violation]:
        return await _rows_of(check, connection, **more)

    return _Job(check.invariant, work)


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
        found = [Violation("I7", office, number, what, _LOG) for number, what in wrong[:MOST_NAMED]]
        for why, check in _OF_TICKETS.items():
            if ids := getattr(seen, why):
                found += await _rows_of(check, connection, office_id=office, ids=ids, most=MOST_NAMED)
        return found

    return _Job(f"tickets {first} to {last}", work)


def _files(storage: Storage, share: str, *, whole: bool) -> _Job:
    async def work(connection: asyncpg.Connection) -> list[Violation]:
        wrong = await broken_files(connection, storage, share, whole=whole)
        advice = "bring the file back from a backup of DATA_DIR/attachments; the citizen may have it still"
        return [Violation("I10", office, number, what, advice) for office, number, what in wrong]

    return _Job("I10: files", work)


def _seals(office: int) -> _Job:
    """I7 as the world outside can check it: the daily roots that have left by mail."""

    async def work(connection: asyncpg.Connection) -> list[Violation]:
        what = "no longer fits the log: compare it with the mail of that day"
        return [
            Violation("I7", office, f"seal of {row['day']}", what, _LOG)
            async for row in queries("seals").broken_seals(connection, office_id=office)
        ]

    return _Job("I7: seals", work)


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
