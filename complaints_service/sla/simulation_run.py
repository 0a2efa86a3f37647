"""Runs a simulation: one snapshot of the database, one or two processes that play tickets from it, one tally. Nothing is written."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

import msgspec
import structlog

from complaints_service.clock import monotonic
from complaints_service.database import Database, Scope, queries
from complaints_service.errors import FieldProblem, Invalid, Refused, Unavailable
from complaints_service.office.model import Office
from complaints_service.settings import Settings
from complaints_service.sla.simulation_compare import ALL_CONTROLLED, CONTROL_SHARE
from complaints_service.sla.simulation_count import Tally
from complaints_service.sla.simulation_result import Result, result_of
from complaints_service.sla.simulation_wire import Done, Order, Portion, framed, read_frame

log = structlog.get_logger(__name__)

# More would take minutes and too much memory for the times of all messages; a shorter time tells as much.
MOST_TICKETS = 500_000
# So few that a second process is not worth its start.
ONE_PROCESS = 3_000
MOST_PROCESSES = 2
PORTION = 400
LONGEST_SECONDS = 900.0

# (tickets done, of all)
Progress = Callable[[int, int], None]


class Sight(msgspec.Struct, frozen=True):
    """What the one who asks may see (D7)."""

    scope: Scope
    units: tuple[int, ...]
    own_units: tuple[int, ...]
    person_id: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What to play: JSON texts of documents or numbers of versions (neither: each ticket's own); tickets received in [from, before)."""

    received_from: datetime
    received_before: datetime
    policy: str | None = None
    policy_version: int | None = None
    calendar: str | None = None
    calendar_version: int | None = None


class Simulations:
    """Use case of simulating; one run an office at a time, whatever process it runs in."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def run(self, office: Office, sight: Sight, asked: Asked, progress: Progress) -> Result:
        """Play it, telling ``progress`` as it goes (first with 0 done, once the run has its place).

        Raises Refused while another run of the office goes on, Invalid for too many tickets, Unavailable when a process fails.
        """
        began = monotonic()
        async with self._database.snapshot(sight.scope) as connection:
            begun = await queries("simulation").begin_run(connection, office_id=office.id)
            if not begun["alone"]:
                raise Refused(
                    "Another simulation of this office is running. Please wait until it has ended, or stop it.",
                    code="simulation_running",
                )
            ids = [
                row["id"]
                async for row in queries("simulation").ticket_ids(
                    connection,
                    office_id=office.id,
                    units=list(sight.units),
                    own_units=list(sight.own_units),
                    person_id=sight.person_id,
                    received_from=asked.received_from,
                    received_before=asked.received_before,
                    most=MOST_TICKETS + 1,
                )
            ]
            if len(ids) > MOST_TICKETS:
                raise Invalid([FieldProblem("/from", "too_many_tickets", _TOO_MANY, {"most": MOST_TICKETS})])
            progress(0, len(ids))
            order = Order(
                url=self._settings.database_url or "",
                statement_cache=self._settings.statement_cache,
                snapshot=begun["snapshot"],
                office_id=office.id,
                until=begun["until"],
                policy=asked.policy,
                policy_version=asked.policy_version,
                calendar=asked.calendar,
                calendar_version=asked.calendar_version,
                control_every=1 if len(ids) <= ALL_CONTROLLED else CONTROL_SHARE,
            )
            tally = await _played(order, ids, progress)
        received = asked.received_from, asked.received_before
        result = await asyncio.to_thread(
            result_of, tally, received, order.until, ZoneInfo(office.time_zone), monotonic() - began
        )
        log.info("simulated", tickets=result.tickets, seconds=result.seconds, unreadable=result.unreadable)
        return result


_TOO_MANY = "There are more than {most} tickets in this time. Choose a shorter one."


async def _played(order: Order, ids: list[int], progress: Progress) -> Tally:
    """Share the tickets among the processes as they ask for more, and put their tallies together."""
    portions = iter([ids[at : at + PORTION] for at in range(0, len(ids), PORTION)])
    many = 1 if len(ids) <= ONE_PROCESS else max(1, min(MOST_PROCESSES, os.cpu_count() or 1))
    counted = _Counted(len(ids), progress)
    try:
        async with asyncio.timeout(LONGEST_SECONDS), asyncio.TaskGroup() as group:
            tasks = [group.create_task(_drive(order, portions, counted)) for _ in range(many)]
    except* (OSError, EOFError, ValueError, TimeoutError) as failed:
        log.warning("simulation_failed", error=type(failed.exceptions[0]).__name__)
        raise Unavailable from failed
    first, *others = [task.result() for task in tasks]
    for other in others:
        await asyncio.to_thread(first.merge, other)
    return first


_NO_MORE: list[int] = []


class _Counted:
    """Tickets done by all processes together."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._done = 0
        self._total = total
        self._progress = progress

    def more(self, tickets: int) -> None:
        self._done += tickets
        self._progress(self._done, self._total)


async def _drive(order: Order, portions: Iterator[list[int]], counted: _Counted) -> Tally:
    """One process from its start to its end; killed when the run is given up. Raises EOFError when it ends before its time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "complaints_service.sla.simulation_process",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    try:
        to, back = cast("asyncio.StreamWriter", process.stdin), cast("asyncio.StreamReader", process.stdout)
        to.write(framed(order))
        while True:
            ids = next(portions, _NO_MORE)
            to.write(framed(Portion(ids)))
            await to.drain()
            done = await read_frame(back, Done)
            if done.tally is not None:
                return done.tally
            counted.more(done.tickets)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
