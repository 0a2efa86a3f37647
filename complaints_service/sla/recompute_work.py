"""Works off what publishing a calendar or policy has left to do: every open ticket on its new versions, in batches, once each (D3).

Where it stands is a row, so it goes on after a crash; any number of workers share it. Correctness never waits for it: commands and
timers recompute their own ticket first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import cast

import asyncpg
import msgspec
import structlog

from complaints_service.clock import OfficeClock
from complaints_service.database import SYSTEM, Database, queries
from complaints_service.failpoints import fp
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.sla.ladder import BREACHABLE_TARGETS
from complaints_service.sla.timers import FAILURES
from complaints_service.sla.versions import open_calendar, open_policy
from complaints_service.tickets.model import Ticket
from complaints_service.tickets.pipeline import Performed
from complaints_service.tickets.port import DeadlineRow
from complaints_service.tickets.rows import ticket_from, timers_from
from complaints_service.tickets.service import Tickets, loaded_from

log = structlog.get_logger(__name__)

BATCH = 250
# Batches side by side in one process: the database reads and writes one while the rules go over another.
AT_ONCE = 2
# What others hold, or have in hand, is looked for again after this many seconds.
AGAIN_SECONDS = 1.0
_HELD_SECONDS = 0.02


async def start_recompute(
    connection: asyncpg.Connection, office_id: int, cause: str, version: int, due_at: datetime | None = None
) -> int:
    """Note that open tickets have to be brought to a version, in the transaction that publishes it; returns the work's id.

    ``cause``: 'calendar' or 'policy'; ``due_at``: when a policy takes effect (None: now). Wake the workers after the commit.
    """
    return await queries("recompute").start(
        connection, office_id=office_id, cause=cause, version=version, due_at=due_at
    )


async def call_off_recompute(connection: asyncpg.Connection, office_id: int, cause: str, version: int) -> None:
    """The version was taken back: nothing more is to be done for it."""
    await queries("recompute").call_off(connection, office_id=office_id, cause=cause, version=version)


class _Piece(msgspec.Struct, frozen=True):
    """A range of tickets of one piece of work, ids above ``after`` up to ``upto`` (None: the walk is at its end)."""

    office_id: int
    id: int
    cause: str
    version: int
    after: int
    upto: int | None


class _Counts(msgspec.Struct, frozen=True):
    moved: int
    moved_later: int
    breached: int


class RecomputeWork:
    """Brings open tickets to new versions, batch by batch, whoever else does so too."""

    def __init__(self, database: Database, offices: OfficeStore, clock: OfficeClock, tickets: Tickets) -> None:
        self._database = database
        self._offices = offices
        self._clock = clock
        self._tickets = tickets

    async def work_due(self) -> int:
        """Do what is due until nothing is left that could be done now; returns how many tickets were brought up."""
        counts = await asyncio.gather(*(self._work_until_none() for _ in range(AT_ONCE)), return_exceptions=True)
        for count in counts:
            if isinstance(count, BaseException):
                raise count
        return sum(cast("list[int]", counts))

    async def next_seconds(self) -> float | None:
        """Seconds until there is something to do; None: nothing stands to be done."""
        async with self._database.transaction(SYSTEM) as connection:
            due: datetime | None = await queries("recompute").next_due(connection)
        return None if due is None else max(AGAIN_SECONDS, (due - self._clock.now()).total_seconds())

    async def _work_until_none(self) -> int:
        done = 0
        while (piece := await self._next_piece()) is not None:
            office = await self._office(piece)
            if piece.upto is None:
                if await self._finish(piece, office) != "done":
                    break
            else:
                done += await self._do(piece, office)
                fp("recompute.batch_done")
        return done

    async def _next_piece(self) -> _Piece | None:
        """The next range, also where somebody else holds the row of the work for an instant."""
        for _ in range(10):
            async with self._database.transaction(SYSTEM) as connection:
                row = await queries("recompute").claim_range(connection, most=BATCH)
                if row is not None:
                    return _Piece(**dict(row))
                due: datetime | None = await queries("recompute").next_due(connection)
            if due is None or due > self._clock.now():
                return None
            await asyncio.sleep(_HELD_SECONDS)
        return None

    async def _office(self, piece: _Piece) -> Office:
        office = await self._offices.current(piece.office_id)
        known = office.calendars if piece.cause == "calendar" else office.policies
        return office if piece.version in known else await self._offices.reload(piece.office_id)

    async def _finish(self, piece: _Piece, office: Office) -> str | None:
        policy, calendar = open_policy(office, self._clock.now()), open_calendar(office)
        async with self._database.transaction(SYSTEM) as connection:
            row = await queries("recompute").finish(
                connection, office_id=piece.office_id, id=piece.id, policy=policy, calendar=calendar
            )
        return None if row is None else row["state"]

    async def _do(self, piece: _Piece, office: Office) -> int:
        """One batch in one transaction; a batch that fails is done again ticket by ticket, and a ticket that fails alone steps aside."""
        try:
            return await self._database.again(lambda: self._claim_and_move(piece, office))
        except FAILURES:
            log.exception("recompute_batch_failed")
        done = 0
        for ticket_id in await self._ids(piece):
            alone = msgspec.structs.replace(piece, after=ticket_id - 1, upto=ticket_id)
            try:
                done += await self._database.again(lambda alone=alone: self._claim_and_move(alone, office))
            except FAILURES:
                log.exception("recompute_failed", office=piece.office_id)
                async with self._database.transaction(SYSTEM) as connection:
                    await queries("recompute").put_aside(connection, office_id=piece.office_id, ticket_id=ticket_id)
        return done

    async def _ids(self, piece: _Piece) -> list[int]:
        async with self._database.transaction(SYSTEM) as connection:
            page = queries("recompute").open_page(connection, office_id=piece.office_id, after=piece.after, most=BATCH)
            return [row["id"] async for row in page if row["id"] <= (piece.upto or 0)]

    async def _claim_and_move(self, piece: _Piece, office: Office) -> int:
        async with self._database.transaction(SYSTEM) as connection:
            policy, calendar = open_policy(office, self._clock.now()), open_calendar(office)
            changes: list[tuple[Ticket, Performed]] = []
            quiet: list[int] = []
            async for row in queries("recompute").claim_lagging(
                connection,
                office_id=piece.office_id,
                after=piece.after,
                upto=piece.upto,
                policy=policy,
                calendar=calendar,
            ):
                ticket = ticket_from(row["ticket"])
                if row["snapshot_seq"] != ticket.seq:
                    continue  # changed while it was being locked: the next round sees it whole
                if row["config_version"] != office.config_version:
                    office = await self._offices.reload(office.id, connection=connection)
                now = row["office_time"]
                self._clock.set(now)
                loaded = loaded_from(row, ticket)
                performed = self._tickets.recomputed(loaded, timers_from(row["fired"]), now, office)
                if _only_versions(loaded.deadlines, performed):
                    quiet.append(ticket.id)
                else:
                    changes.append((ticket, performed))
            fp("recompute.claimed")
            if quiet:
                await queries("recompute").follow(
                    connection, office_id=piece.office_id, ids=quiet, policy=policy, calendar=calendar
                )
            if changes:
                await self._tickets.write(connection, changes)
                counts = _count(performed for _, performed in changes)
                await queries("recompute").count_done(
                    connection, office_id=piece.office_id, id=piece.id, **msgspec.structs.asdict(counts)
                )
        return len(changes) + len(quiet)


def _only_versions(before: tuple[DeadlineRow, ...], performed: Performed) -> bool:
    """Whether nothing is different but the versions: no date, no rung, no timer, no message."""
    effects = performed.effects
    if performed.events or effects.timers or effects.outbox or effects.alarms:
        return False
    was = {(row.target, row.episode): row for row in before}
    return all(
        (old := was.get((row.target, row.episode))) is not None
        and msgspec.structs.replace(old, policy_version=row.policy_version, calendar_version=row.calendar_version)
        == row
        for row in effects.deadlines
    )


def _count(performed: Iterable[Performed]) -> _Counts:
    moved = later = breached = 0
    for one in performed:
        for event in one.events:
            if event.type != "deadlines_moved":
                continue
            for entry in cast("list[dict[str, object]]", event.body["moved"]):
                moved += 1
                later += datetime.fromisoformat(str(entry["to"])) > datetime.fromisoformat(str(entry["from"]))
                breached += bool(entry["late"]) and entry["target"] in BREACHABLE_TARGETS
    return _Counts(moved, later, breached)
