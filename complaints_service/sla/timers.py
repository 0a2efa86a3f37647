"""Fires due timers: claim tickets with their timers, let the rules say what follows, write it all in the same transaction (D4)."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import structlog

from complaints_service.clock import OfficeClock
from complaints_service.database import SYSTEM, Database, queries
from complaints_service.failpoints import fp
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.sla.firing import due_commands
from complaints_service.tickets.lifecycle import Refusal
from complaints_service.tickets.model import SYSTEM_ACTOR, Ticket
from complaints_service.tickets.pipeline import Loaded, Performed, perform
from complaints_service.tickets.rows import ticket_from
from complaints_service.tickets.service import Tickets, loaded_from

log = structlog.get_logger(__name__)

# One batch at a time and a small one: a worker then keeps one processor busy, for short spells, and leaves the other to people. Two of
# 250 side by side wrote the rungs of 10,000 tickets no sooner on two busy processors, and held the queue page up longer meanwhile.
BATCH = 100
# A ticket whose timers fail is tried this often, a minute apart; then there is an alarm and it is tried hour by hour.
MOST_TRIES = 5


# What one ticket with rows that contradict the rules can raise; the others of its batch go on.
FAILURES = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, LookupError, ValueError, RuntimeError)


class RefusedFiring(RuntimeError):
    """The lifecycle refused a command of the clock: rules and rows contradict each other."""


class Timers:
    """The firing of due timers, in batches, by any number of workers at once."""

    def __init__(self, database: Database, offices: OfficeStore, clock: OfficeClock, tickets: Tickets) -> None:
        self._database = database
        self._offices = offices
        self._clock = clock
        self._tickets = tickets

    async def fire_due(self, most: int = 100_000) -> int:
        """Fire what is due, batch by batch, until nothing is; returns how many rungs fired.

        A batch that fails is done again ticket by ticket, and a ticket that fails alone steps aside.
        """
        done = 0
        while done < most:
            tickets, rungs = await self._fire_batch(BATCH)
            done += rungs
            if tickets == 0:
                break
        return done

    async def _fire_batch(self, size: int) -> tuple[int, int]:
        try:
            return await self._database.again(lambda: self._claim_and_fire(size))
        except FAILURES:
            log.exception("timer_batch_failed", size=size)
        tickets = rungs = 0
        for _ in range(size):
            done, fired = await self._fire_one()
            if done == 0:
                break
            tickets, rungs = tickets + done, rungs + fired
        return tickets, rungs

    async def _claim_and_fire(self, size: int) -> tuple[int, int]:
        async with self._database.transaction(SYSTEM) as connection:
            changes: list[tuple[Ticket, Performed]] = []
            behind: list[Loaded] = []
            async for row in queries("timers").claim_timers(connection, batch=size):
                ticket = ticket_from(row["ticket"])
                if row["snapshot_seq"] != ticket.seq:
                    continue  # changed while it was being locked: the next claim sees it whole
                office = await self._office(connection, ticket.office_id, row["config_version"])
                now = row["office_time"]
                self._clock.set(now)
                loaded = loaded_from(row, ticket)
                if self._tickets.lags(loaded, now, office):
                    behind.append(loaded)
                else:
                    changes.append((ticket, self._fire(loaded, office, now)))
            changes += await self._catch_up(connection, behind)
            if changes:
                fp("timers.claimed")
                await self._tickets.write(connection, changes)
                fp("timers.written")
        if changes:
            fp("timers.committed")
        return len(changes), sum(_rungs(change) for _, change in changes)

    async def _fire_one(self) -> tuple[int, int]:
        """One ticket by itself, and a ticket that fails put aside: how many were looked at, how many rungs fired."""
        ticket: Ticket | None = None
        try:
            async with self._database.transaction(SYSTEM) as connection:
                async for row in queries("timers").claim_timers(connection, batch=1):
                    ticket = ticket_from(row["ticket"])
                    office = await self._office(connection, ticket.office_id, row["config_version"])
                    now, loaded = row["office_time"], loaded_from(row, ticket)
                    if self._tickets.lags(loaded, now, office):
                        ((_, performed),) = await self._catch_up(connection, [loaded])
                    else:
                        performed = self._fire(loaded, office, now)
                    await self._tickets.write(connection, [(ticket, performed)])
                    return 1, _rungs(performed)
        except FAILURES:
            if ticket is None:
                raise
            log.exception("timer_failed", office=ticket.office_id)
            async with self._database.transaction(SYSTEM) as connection:
                await queries("timers").put_aside(
                    connection, office_id=ticket.office_id, ticket_id=ticket.id, most=MOST_TRIES
                )
            return 1, 0
        return 0, 0

    async def _catch_up(self, connection: asyncpg.Connection, behind: list[Loaded]) -> list[tuple[Ticket, Performed]]:
        """Tickets that lag behind a version of policy or calendar are recomputed before anything of theirs fires (D3)."""
        changes: list[tuple[Ticket, Performed]] = []
        for office_id in {loaded.ticket.office_id for loaded in behind}:
            office, theirs = (
                await self._offices.current(office_id),
                [b for b in behind if b.ticket.office_id == office_id],
            )
            fired = await self._tickets.fired_timers(connection, [loaded.ticket for loaded in theirs])
            for loaded in theirs:
                already = fired.get(loaded.ticket.id, ())
                made = self._tickets.recomputed(loaded, already, self._clock.now(), office)
                changes.append((loaded.ticket, made))
        return changes

    async def _office(self, connection: asyncpg.Connection, office_id: int, version: int) -> Office:
        held = self._offices.held(office_id)
        if held is not None and held.config_version == version:
            return held
        return await self._offices.reload(office_id, connection=connection)

    def _fire(self, loaded: Loaded, office: Office, now: datetime) -> Performed:
        commands = due_commands(loaded.ticket, loaded.deadlines, loaded.timers, office, now)
        if not commands:
            # Timers of rows that have ended meanwhile: the reactors call them off.
            performed = self._tickets.settle(loaded, now, office)
        else:
            performed = perform(loaded, commands, SYSTEM_ACTOR, now, office, self._tickets.reactors)
        if isinstance(performed, Refusal):
            raise RefusedFiring(performed.code)
        return performed


def _rungs(performed: Performed) -> int:
    return sum(1 for event in performed.events if event.type == "rung_fired")
