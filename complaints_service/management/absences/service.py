"""Use cases of absences and duty: read, add, revoke. Who may plan whom is asked here, for pages and API alike."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from complaints_service.database import SYSTEM, Database, queries
from complaints_service.errors import Forbidden, Invalid, NotFound
from complaints_service.management.absences.model import AbsenceRow, DutyRow, NewAbsence, NewDuty
from complaints_service.management.absences.rules import (
    absence_problems,
    duty_problems,
    duty_units,
    plannable,
    time_problems,
)
from complaints_service.management.settings_events import Setting, add_office_event

if TYPE_CHECKING:
    from complaints_service.accounts.model import Viewer
    from complaints_service.clock import OfficeClock
    from complaints_service.office.store import OfficeStore

NOT_YOURS = "You may plan only for yourself and for people of your units."
NO_DUTY = "You may plan duty only for your own units."
_LARGEST_ID = 2**63 - 1


class Absences:
    """Reads always ask the database; every change is in the log of settings."""

    def __init__(self, database: Database, offices: OfficeStore, clock: OfficeClock) -> None:
        self._database = database
        self._offices = offices
        self._clock = clock

    async def absences(self, viewer: Viewer, starts: datetime, ends: datetime) -> list[AbsenceRow]:
        """Absences within a time of those whom the viewer may plan, and those in which the viewer stands in."""
        mine = {person.id for person in plannable(viewer.office, viewer.person)}
        return [
            each
            for each in await self.all_absences(viewer, starts, ends)
            if each.person_id in mine or each.stand_in_id == viewer.person.id
        ]

    async def all_absences(self, viewer: Viewer, starts: datetime, ends: datetime) -> list[AbsenceRow]:
        """Everybody's absences within a time: to see where a duty stands empty."""
        async with self._database.connection() as connection:
            return await _absences(connection, viewer.office.id, starts, ends)

    async def duties(self, viewer: Viewer, starts: datetime, ends: datetime) -> list[DutyRow]:
        """Who is on duty within a time; everybody in the office may know."""
        async with self._database.connection() as connection:
            return await _duties(connection, viewer.office.id, starts, ends)

    async def add_absence(self, viewer: Viewer, new: NewAbsence) -> AbsenceRow:
        """Enter an absence. Raises Forbidden for whom the viewer may not plan, Invalid that names every mistake."""
        _require_person(viewer, new.person_id)
        office_id = viewer.office.id
        async with self._database.transaction(SYSTEM) as connection:
            await _lock(connection, office_id)
            # A time that cannot be is never asked for: it may be one that the database does not know.
            real = not time_problems(new.starts_at, new.ends_at, self._clock.now())
            known = await _absences(connection, office_id, new.starts_at, new.ends_at) if real else []
            if problems := absence_problems(viewer.office, new, known, self._clock.now()):
                raise Invalid(problems)
            made: int = await queries("absences").add_absence(
                connection,
                office_id=office_id,
                person_id=new.person_id,
                starts_at=new.starts_at,
                ends_at=new.ends_at,
                stand_in_id=new.stand_in_id,
            )
            row = AbsenceRow(
                id=made,
                person_id=new.person_id,
                starts_at=new.starts_at,
                ends_at=new.ends_at,
                stand_in_id=new.stand_in_id,
            )
            await _log(connection, viewer, Setting.ABSENCE, row, new.why, added=True)
        await self._offices.reload(office_id)
        return row

    async def add_duties(self, viewer: Viewer, duties: list[NewDuty]) -> list[DutyRow]:
        """Enter duties, all or none. Raises Forbidden for what the viewer may not plan, Invalid that names every mistake of the first
        one that has any."""
        office_id, rows = viewer.office.id, list[DutyRow]()
        async with self._database.transaction(SYSTEM) as connection:
            await _lock(connection, office_id)
            for new in duties:
                _require_unit(viewer, new.unit_id)
                real = not time_problems(new.starts_at, new.ends_at, self._clock.now())
                known = await _duties(connection, office_id, new.starts_at, new.ends_at) if real else []
                away = await _absences(connection, office_id, new.starts_at, new.ends_at) if real else []
                if problems := duty_problems(viewer.office, new, known, away, self._clock.now()):
                    raise Invalid(problems)
                rows.append(await _add_duty(connection, viewer, new))
        await self._offices.reload(office_id)
        return rows

    async def revoke_absence(self, viewer: Viewer, absence_id: int, why: str = "") -> None:
        """Take an absence back; what it has caused stays. Raises NotFound, also for one that the viewer may not plan."""
        await self._revoke(viewer, Setting.ABSENCE, absence_id, why)

    async def revoke_duty(self, viewer: Viewer, duty_id: int, why: str = "") -> None:
        """Take a duty back. Raises NotFound, also for one that the viewer may not plan."""
        await self._revoke(viewer, Setting.DUTY, duty_id, why)

    async def _revoke(self, viewer: Viewer, what: Setting, row_id: int, why: str) -> None:
        office_id, sql = viewer.office.id, queries("absences")
        if not 0 < row_id <= _LARGEST_ID:
            raise NotFound
        async with self._database.transaction(SYSTEM) as connection:
            row: AbsenceRow | DutyRow
            if what is Setting.ABSENCE:
                found = await sql.absence(connection, office_id=office_id, absence_id=row_id)
                row = AbsenceRow(**_values(found))
                allowed = row.person_id in {person.id for person in plannable(viewer.office, viewer.person)}
                gone = allowed and await sql.revoke_absence(connection, office_id=office_id, absence_id=row_id)
            else:
                found = await sql.duty(connection, office_id=office_id, duty_id=row_id)
                row = DutyRow(**_values(found))
                whole, units = duty_units(viewer.office, viewer.person)
                allowed = whole if row.unit_id is None else row.unit_id in units
                gone = allowed and await sql.revoke_duty(connection, office_id=office_id, duty_id=row_id)
            if not gone:
                raise NotFound
            await _log(connection, viewer, what, row, why, added=False)
        await self._offices.reload(office_id)


async def _add_duty(connection: asyncpg.Connection, viewer: Viewer, new: NewDuty) -> DutyRow:
    made: int = await queries("absences").add_duty(
        connection,
        office_id=viewer.office.id,
        person_id=new.person_id,
        unit_id=new.unit_id,
        starts_at=new.starts_at,
        ends_at=new.ends_at,
    )
    row = DutyRow(id=made, person_id=new.person_id, unit_id=new.unit_id, starts_at=new.starts_at, ends_at=new.ends_at)
    await _log(connection, viewer, Setting.DUTY, row, new.why, added=True)
    return row


async def _absences(
    connection: asyncpg.Connection, office_id: int, starts: datetime, ends: datetime
) -> list[AbsenceRow]:
    found = queries("absences").absences(connection, office_id=office_id, starts=starts, ends=ends)
    return [AbsenceRow(**dict(row)) async for row in found]


async def _duties(connection: asyncpg.Connection, office_id: int, starts: datetime, ends: datetime) -> list[DutyRow]:
    found = queries("absences").duties(connection, office_id=office_id, starts=starts, ends=ends)
    return [DutyRow(**dict(row)) async for row in found]


async def _lock(connection: asyncpg.Connection, office_id: int) -> None:
    async for _ in queries("absences").lock_plan(connection, office_id=office_id):
        pass


async def _log(
    connection: asyncpg.Connection, viewer: Viewer, what: Setting, row: AbsenceRow | DutyRow, why: str, *, added: bool
) -> None:
    await add_office_event(
        connection,
        office_id=viewer.office.id,
        person_id=viewer.person.id,
        what=what,
        subject=str(row.id),
        why=why,
        act="added" if added else "revoked",
        before=None if added else row,
        after=row if added else None,
    )


def _values(found: asyncpg.Record | None) -> dict[str, Any]:
    if found is None:
        raise NotFound
    return dict(found)


def _require_person(viewer: Viewer, person_id: int) -> None:
    if person_id not in {person.id for person in plannable(viewer.office, viewer.person)}:
        known = viewer.office.people.get(person_id)
        if known is None or not known.active:
            return  # named by the rules, as a mistake of this field
        raise Forbidden(NOT_YOURS)


def _require_unit(viewer: Viewer, unit_id: int | None) -> None:
    whole, units = duty_units(viewer.office, viewer.person)
    if not whole and not units:
        raise Forbidden(NO_DUTY)
    if (unit_id is None and not whole) or (unit_id in viewer.office.units and unit_id not in units):
        raise Forbidden(NO_DUTY)
