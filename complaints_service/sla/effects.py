"""What a calendar or policy would do to the open tickets, before it is published: nothing is written (D3)."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime

import msgspec

from complaints_service.database import SYSTEM, Database, Scope, queries
from complaints_service.office.model import CalendarVersion, Office, Policy
from complaints_service.sla.ladder import BREACHABLE_TARGETS
from complaints_service.sla.recompute import changed_rows, followed
from complaints_service.tickets.port import DeadlineRow
from complaints_service.tickets.rows import deadlines_from, ticket_from

PAGE = 200
MOST_MOVERS = 10
# Some of the biggest may be cases that the reader must not see.
_MOVERS_KEPT = 50


class TargetEffect(msgspec.Struct, frozen=True):
    """Deadlines of one target: how many become due earlier, how many later, how many would be breached at once."""

    target: str
    earlier: int
    later: int
    breached: int


class Mover(msgspec.Struct, frozen=True):
    """A deadline that would move far: of which case, from when to when (UTC)."""

    number: str
    target: str
    due_at: datetime
    would_be_due_at: datetime


class OpenEffects(msgspec.Struct, frozen=True):
    """What would happen to the office's open tickets. ``looked_at``: tickets; the other counts are deadlines, but ``tickets``: those
    with a deadline that moves."""

    looked_at: int
    tickets: int
    earlier: int
    later: int
    breached: int
    by_target: tuple[TargetEffect, ...]
    movers: tuple[Mover, ...]


def with_calendar(office: Office, document: str) -> Office:
    """The office as if this calendar document (JSON text) were its newest version and counted for open tickets."""
    version = max(office.calendars) + 1
    made = CalendarVersion(version=version, document=document, applies_to_open=True)
    return msgspec.structs.replace(office, calendars={**office.calendars, version: made})


def with_policy(office: Office, policy: Policy, now: datetime) -> Office:
    """The office as if this policy were its newest version, in effect and counting for open tickets at ``now``."""
    version = max(office.policies, default=0) + 1
    made = msgspec.structs.replace(
        policy,
        version=version,
        effective_from=min(policy.effective_from, now),
        applies_to_open=True,
        withdrawn=False,
    )
    return msgspec.structs.replace(office, policies={**office.policies, version: made})


async def open_tickets(database: Database, office_id: int) -> int:
    """How many tickets are open: over so many ``effects_of`` goes."""
    async with database.transaction(SYSTEM) as connection:
        found: int = await queries("recompute").open_count(connection, office_id=office_id)
    return found


async def effects_of(
    database: Database,
    would_be: Office,
    now: datetime,
    reader: Scope,
    progress: Callable[[int, int], None] | None = None,
) -> OpenEffects:
    """What the office as it would be (``with_calendar``, ``with_policy``) does to its open tickets at ``now``.

    Counts all of them, whoever asks; the cases that are named are such that ``reader`` may see. ``progress`` hears how many of how
    many tickets were looked at. Raises OutOfReach (a ValueError) when the calendar does not hold enough open time.
    """
    tally = _Tally(now)
    total = await open_tickets(database, would_be.id)
    after = 0
    if progress is not None:
        progress(0, total)
    while True:
        async with database.transaction(SYSTEM) as connection:
            page = [
                row
                async for row in queries("recompute").open_page(
                    connection, office_id=would_be.id, after=after, most=PAGE
                )
            ]
        for row in page:
            ticket = ticket_from(row["ticket"])
            deadlines = deadlines_from(row["deadlines"])
            changed = changed_rows(would_be, followed(would_be, ticket, now), deadlines, (), now)
            tally.add(ticket.number, deadlines, changed)
        if progress is not None:
            progress(tally.looked_at, max(total, tally.looked_at))
        if len(page) < PAGE:
            break
        after = page[-1]["id"]
    numbers = list({mover.number for mover in tally.biggest()})
    async with database.transaction(reader) as connection:
        visible = {
            row["number"]
            async for row in queries("recompute").visible(connection, office_id=would_be.id, numbers=numbers)
        }
    return tally.effects(visible)


class _Tally:
    """Counts as the pages come, and keeps the biggest moves."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.looked_at = 0
        self._tickets = 0
        self._targets: dict[str, list[int]] = {}
        self._movers: list[tuple[float, str, str, Mover]] = []

    def add(self, number: str, before: tuple[DeadlineRow, ...], changed: tuple[DeadlineRow, ...]) -> None:
        """One ticket: its deadlines as they are, and those that would be different."""
        self.looked_at += 1
        was = {(row.target, row.episode): row.due_at for row in before}
        moved = False
        for row in changed:
            due = was[row.target, row.episode]
            if row.due_at == due:
                continue
            moved = True
            counts = self._targets.setdefault(row.target, [0, 0, 0])
            counts[0] += row.due_at < due
            counts[1] += row.due_at > due
            counts[2] += row.target in BREACHABLE_TARGETS and row.runs and row.due_at <= self._now < due
            self._keep(Mover(number, row.target, due, row.due_at))
        self._tickets += moved

    def _keep(self, mover: Mover) -> None:
        entry = (
            abs((mover.would_be_due_at - mover.due_at).total_seconds()),
            mover.number,
            mover.target,
            mover,
        )
        if len(self._movers) < _MOVERS_KEPT:
            heapq.heappush(self._movers, entry)
        elif entry[:3] > self._movers[0][:3]:
            heapq.heapreplace(self._movers, entry)

    def biggest(self) -> list[Mover]:
        """The biggest moves, the farthest first."""
        return [entry[3] for entry in sorted(self._movers, key=lambda e: e[:3], reverse=True)]

    def effects(self, visible: set[str]) -> OpenEffects:
        """All counts, and the ten biggest moves among the cases that may be named."""
        found = tuple(TargetEffect(target, *counts) for target, counts in sorted(self._targets.items()))
        return OpenEffects(
            looked_at=self.looked_at,
            tickets=self._tickets,
            earlier=sum(t.earlier for t in found),
            later=sum(t.later for t in found),
            breached=sum(t.breached for t in found),
            by_target=found,
            movers=tuple(mover for mover in self.biggest() if mover.number in visible)[:MOST_MOVERS],
        )
