"""The demo office on an empty database: units, catalogue, calendar, policy with its ladder, routing rules, people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from complaints_service.accounts.passwords import hash_password
from complaints_service.database import queries
from complaints_service.demo.office_rows import OfficeRows, PersonRow, office_rows
from complaints_service.demo.people import DemoPerson, kept_people
from complaints_service.sla.holiday_data import seeded_office_document

if TYPE_CHECKING:
    from complaints_service.settings import Settings


async def seed_office(settings: Settings, admin_url: str) -> list[DemoPerson]:
    """Make the office where there is none, and with DEV its people; again is harmless. Returns the people with passwords.

    ``admin_url`` is a role that may write the office's tables. ``COMPLAINTS_DEV_NOW`` counts only when the office is made.
    """
    connection = await asyncpg.connect(admin_url)
    try:
        async with connection.transaction():
            await queries("demo").lock_seed(connection)
            if not await queries("demo").office_exists(connection):
                if settings.dev_now is not None:
                    await queries("demo").begin_office_time(connection, at=settings.dev_now)
                await add_office(connection, office_rows())
            if not settings.dev:
                return []
            people, new = kept_people(settings.data_dir, office_rows())
            if new or not await _people_exist(connection):
                await add_people(connection, office_rows(), people)
            return people
    finally:
        await connection.close()


async def add_office(connection: asyncpg.Connection, rows: OfficeRows) -> None:
    """Insert all rows of an office but its people."""
    q, office_id = queries("demo"), rows.office.id
    await q.add_office(connection, **msgspec.to_builtins(rows.office))
    await q.add_units(connection, office_id=office_id, rows=_json(rows.units))
    catalogue = rows.catalogue
    services = [_named(position, *names) for position, names in enumerate(catalogue.services)]
    categories = [
        {**_named(position, *names), "oversight": names[0] in catalogue.oversight}
        for position, names in enumerate(catalogue.categories)
    ]
    await q.add_services(connection, office_id=office_id, rows=_json(services))
    await q.add_categories(connection, office_id=office_id, rows=_json(categories))
    await q.add_calendar(
        connection,
        office_id=office_id,
        document=_json(seeded_office_document()),
        confirmed_through=rows.calendar.confirmed_through,
    )
    await _add_policy(connection, rows)
    await q.add_rules(connection, office_id=office_id, rows=_json(_positioned(rows.rules)))
    await q.add_synonyms(connection, office_id=office_id, rows=_json(rows.synonyms))
    await q.add_answers(connection, office_id=office_id, rows=_json(rows.answers))


async def _add_policy(connection: asyncpg.Connection, rows: OfficeRows) -> None:
    q, office_id, policy = queries("demo"), rows.office.id, rows.policy
    effective_from: datetime = policy.effective_from
    await q.add_policy(connection, office_id=office_id, effective_from=effective_from, legal_source=policy.legal_source)
    await q.add_policy_targets(connection, office_id=office_id, rows=_json(_positioned(policy.targets)))
    await q.add_policy_pauses(connection, office_id=office_id, rows=_json(policy.pauses))
    await q.add_rungs(connection, office_id=office_id, rows=_json(_positioned(policy.rungs)))


async def add_people(connection: asyncpg.Connection, rows: OfficeRows, people: Iterable[DemoPerson]) -> None:
    """Insert the demo people with these passwords, or give them these passwords when they are there."""
    passwords = {person.username: person.password for person in people}
    records: list[dict[str, object]] = []
    places: list[dict[str, object]] = []
    for position, person in enumerate(rows.people, start=1):
        records.append(
            {
                "position": position,
                "username": person.username,
                "name": person.name,
                "email": f"{person.username}@{rows.mail_domain}",
                "role": person.role,
                "unit": person.unit,
                "sees_confidential": person.sees_confidential,
                "password_hash": hash_password(passwords[person.username]),
            }
        )
        places += [_place(person, unit, leads=False) for unit in person.works_in]
        places += [_place(person, unit, leads=True) for unit in person.leads]
    await queries("demo").add_people(connection, office_id=rows.office.id, rows=_json(records))
    await queries("demo").add_person_units(connection, office_id=rows.office.id, rows=_json(places))


async def _people_exist(connection: asyncpg.Connection) -> bool:
    return bool(await queries("demo").people_exist(connection))


def _place(person: PersonRow, unit: str, *, leads: bool) -> dict[str, object]:
    return {"username": person.username, "unit": unit, "leads": leads}


def _named(position: int, slug: str, name_id: str, name_en: str) -> dict[str, object]:
    return {"slug": slug, "name_id": name_id, "name_en": name_en, "position": position}


def _positioned(rows: Sequence[msgspec.Struct]) -> list[dict[str, object]]:
    """The rows with their place in the file as ``position``: rules, targets and rungs apply in that order."""
    return [{**msgspec.to_builtins(row), "position": position} for position, row in enumerate(rows, start=1)]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
