"""Reads the office's rows and keeps them in memory until the database says that they changed."""

from __future__ import annotations

from typing import Any, TypeVar

import asyncpg
import msgspec

from complaints_service.clock import OfficeClock
from complaints_service.database import Database, queries
from complaints_service.office.guidance import Guidance
from complaints_service.office.look import Look
from complaints_service.office.model import (
    Absence,
    CalendarVersion,
    Category,
    Duty,
    Office,
    Person,
    Policy,
    RoutingRule,
    Service,
    Unit,
    Webhook,
)

T = TypeVar("T")


class OfficeMissing(LookupError):
    """There is no such office in this database."""


class OfficeStore:
    """The offices this process has read. ``current`` is cheap; a write path that finds it stale calls ``reload``."""

    def __init__(self, database: Database, clock: OfficeClock) -> None:
        self._database = database
        self._clock = clock
        self._offices: dict[int, Office] = {}
        self._ids: dict[str, int] = {}

    async def current(self, office_id: int | None = None) -> Office:
        """The office as last read (None: the only or first one). Raises OfficeMissing."""
        if office_id is None:
            office_id = await self._default_id()
        office = self._offices.get(office_id)
        return office if office is not None else await self.reload(office_id)

    def held(self, office_id: int | None = None) -> Office | None:
        """The office as last read (None: the first one), without asking the database; None when none was read yet."""
        if office_id is None:
            return next(iter(self._offices.values()), None)
        return self._offices.get(office_id)

    async def by_slug(self, slug: str | None) -> Office:
        """The office with this slug (None: the default one). Raises OfficeMissing."""
        if slug is None:
            return await self.current()
        if "\x00" in slug:
            raise OfficeMissing(slug)
        if slug not in self._ids:
            async with self._database.connection() as connection:
                found = await queries("office").office_id_by_slug(connection, slug=slug)
            if found is None:
                raise OfficeMissing(slug)
            self._ids[slug] = found
        return await self.current(self._ids[slug])

    async def reload(
        self, office_id: int, known_version: int = 0, connection: asyncpg.Connection | None = None
    ) -> Office:
        """Read the rows again unless somebody else just did (version above ``known_version``); sets the clock's estimate too.

        Who holds a connection passes it on: waiting for a second one while many hold one each could last for ever.
        """
        held = self._offices.get(office_id)
        if held is not None and known_version and held.config_version > known_version:
            return held
        if connection is None:
            async with self._database.connection() as own:
                row = await queries("office").office_rows(own, office_id=office_id)
        else:
            row = await queries("office").office_rows(connection, office_id=office_id)
        if row is None:
            raise OfficeMissing(str(office_id))
        self._clock.set(row["office_time"])
        office = office_from_json(row["office"])
        newest = self._offices.get(office_id)
        if newest is None or newest.config_version <= office.config_version:
            self._offices[office_id] = office
        return self._offices[office_id]

    async def refresh(self) -> None:
        """Compare every held office with the database and read again what changed; also sets the clock (each sweep)."""
        for office_id, held in list(self._offices.items()):
            async with self._database.connection() as connection:
                row = await queries("office").config_version(connection, office_id=office_id)
            if row is None:
                del self._offices[office_id]
                continue
            self._clock.set(row["office_time"])
            if row["config_version"] != held.config_version:
                await self.reload(office_id)

    async def _default_id(self) -> int:
        if "" not in self._ids:
            async with self._database.connection() as connection:
                found = await queries("office").default_office_id(connection)
            if found is None:
                raise OfficeMissing("no office")
            self._ids[""] = found
        return self._ids[""]


def office_from_json(text: str) -> Office:
    """Decode what ``office_rows`` selected; unknown columns are passed over."""
    raw: dict[str, Any] = msgspec.json.decode(text)

    def rows(name: str, kind: type[T]) -> list[T]:
        return [msgspec.convert(row, kind) for row in raw[name]]

    for person in raw["people"]:
        person["works_in"] = [*person["works_in"], person["unit_id"]]
    plain = {
        name: raw[name]
        for name in ("id", "slug", "name", "number_prefix", "time_zone", "address", "phone", "key_id", "config_version")
    }
    return Office(
        **plain,
        units={u.id: u for u in rows("units", Unit)},
        people={p.id: p for p in rows("people", Person)},
        absences=tuple(rows("absences", Absence)),
        services={s.slug: s for s in rows("services", Service)},
        categories={c.slug: c for c in rows("categories", Category)},
        rules=tuple(rows("rules", RoutingRule)),
        policies={p.version: p for p in rows("policies", Policy)},
        calendars={c.version: c for c in rows("calendars", CalendarVersion)},
        duties=tuple(rows("duties", Duty)),
        webhooks=tuple(rows("webhooks", Webhook)),
        guidance=tuple(rows("guidance", Guidance)),
        look=msgspec.convert(raw["look"], Look),
    )
