"""Figures of today for whoever may see them, and what an administrator must see."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from complaints_service.database import Database, queries
from complaints_service.management.figures import (
    DECIDED_DAYS,
    STAGES,
    Figures,
    Moment,
    Satisfaction,
    Stage,
    UnitBacklog,
    age_bounds,
    bands_of,
    midnight,
    mondays,
    weeks_of,
)
from complaints_service.sla.targets import calendar_of

if TYPE_CHECKING:
    from complaints_service.accounts.model import Viewer
    from complaints_service.office.model import Office


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something an administrator must look at; ``details`` is JSON without personal content."""

    id: int
    key: str
    what: str
    details: str
    raised_at: datetime


class Management:
    """Use cases of the management pages. Reads only; the scope of the viewer is in every query."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def today(self, viewer: Viewer) -> Figures:
        """The figures of /manage over the viewer's units, all of one moment of office time."""
        office = viewer.office
        sql = queries("management")
        scope: dict[str, object] = {
            "office_id": office.id,
            "units": sorted(viewer.unit_ids),
            "own_units": sorted(viewer.person.works_in),
            "person_id": viewer.person.id,
        }
        async with self._database.transaction(viewer.scope()) as conn:
            now = await sql.figures_now(conn, **scope)
            at: datetime = now["at"]
            since = at - timedelta(days=DECIDED_DAYS)
            calendar = calendar_of(office)
            bounds = age_bounds(calendar, at)
            days = mondays(at, office.time_zone)
            starts = [midnight(day, office.time_zone) for day in days]
            deadlines = [row async for row in sql.figures_deadlines(conn, **scope, since=since, at=at)]
            backlog = [row async for row in sql.figures_backlog(conn, **scope, bounds=bounds, at=at)]
            flow = [row async for row in sql.figures_flow(conn, **scope, starts=starts, first=starts[0])]
            ratings = [row async for row in sql.figures_satisfaction(conn, **scope, starts=starts, first=starts[0])]
        oldest = now["oldest_received_at"]
        decided = {row["target"]: row for row in deadlines}
        return Figures(
            now=Moment(
                at=at,
                owed=now["owed"],
                overdue=now["overdue"],
                due_soon=now["due_soon"],
                unassigned=now["unassigned"],
                oldest_number=now["oldest_number"],
                oldest_received_at=oldest,
                oldest_age=calendar.working_days_between(oldest, at) if oldest else None,
            ),
            stages=tuple(
                Stage(
                    target=target,
                    n=decided[target]["n"] if target in decided else 0,
                    met=decided[target]["met"] if target in decided else 0,
                )
                for target in STAGES
            ),
            bands=bands_of([(row["band"], row["n"], row["overdue"]) for row in backlog], bounds),
            units=_by_unit([(row["unit_id"], row["n"], row["overdue"]) for row in backlog]),
            weeks=weeks_of(
                days,
                [(row["week"], row["came_in"], row["went_out"]) for row in flow],
                [(row["week"], row["score"], row["n"]) for row in ratings],
            ),
            satisfaction=_satisfaction([(row["score"], row["n"]) for row in ratings]),
        )

    async def alarms(self, office: Office) -> list[Alarm]:
        """Alarms that nobody has cleared, the latest first."""
        async with self._database.connection() as conn:
            rows = [row async for row in queries("management").open_alarms(conn, office_id=office.id)]
        return [Alarm(**dict(row)) for row in rows]

    async def calendar_confirmed_through(self, office: Office) -> date | None:
        """The last day for which somebody has confirmed the holidays (DOMAIN.md, "The office")."""
        async with self._database.connection() as conn:
            return await queries("management").calendar_confirmed_through(conn, office_id=office.id)


def _by_unit(counted: list[tuple[int, int, int]]) -> tuple[UnitBacklog, ...]:
    """Backlog of each unit, the one with most overdue first."""
    totals: dict[int, tuple[int, int]] = {}
    for unit_id, n, overdue in counted:
        held, late = totals.get(unit_id, (0, 0))
        totals[unit_id] = (held + n, late + overdue)
    units = [UnitBacklog(unit_id=unit_id, n=n, overdue=late) for unit_id, (n, late) in totals.items()]
    return tuple(sorted(units, key=lambda unit: (-unit.overdue, -unit.n, unit.unit_id)))


def _satisfaction(ratings: list[tuple[int, int]]) -> Satisfaction:
    counts = [0, 0, 0, 0]
    for score, number in ratings:
        counts[score - 1] += number
    return Satisfaction(by_score=(counts[0], counts[1], counts[2], counts[3]))
