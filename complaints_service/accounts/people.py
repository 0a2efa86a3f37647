"""The people who can sign in: adding them, and new passwords. Used by the command line and by administrators."""

from __future__ import annotations

import re

import asyncpg

from complaints_service.accounts.model import NewPerson
from complaints_service.accounts.passwords import LEAST_LENGTH, MOST_LENGTH, PasswordCheck
from complaints_service.database import Database, Scope, queries
from complaints_service.errors import FieldProblem, Invalid, NotFound
from complaints_service.office.store import OfficeStore

USERNAME = re.compile(r"[a-z0-9._-]{2,60}")


class People:
    """The use cases around the rows of table ``person``."""

    def __init__(self, database: Database, offices: OfficeStore, passwords: PasswordCheck) -> None:
        self._database = database
        self._offices = offices
        self._passwords = passwords

    async def add(self, office_slug: str | None, new: NewPerson) -> int:
        """Add somebody who can sign in, and return the id. Raises Invalid."""
        office = await self._offices.by_slug(office_slug)
        units = {slug: office.unit_by_slug(slug) for slug in (new.unit, *new.works_in, *new.leads)}
        problems = _problems(new) + [
            FieldProblem("/unit", "unknown", "There is no unit with this short name.")
            for unit in units.values()
            if unit is None
        ]
        if problems:
            raise Invalid(problems)
        ids = {slug: unit.id for slug, unit in units.items() if unit is not None}
        stored = await self._passwords.hash(new.password)
        try:
            async with self._database.transaction(Scope.system()) as connection:
                person_id = await queries("accounts").add_person(
                    connection,
                    office_id=office.id,
                    username=new.username,
                    name=new.name.strip(),
                    email=new.email,
                    role=new.role.value,
                    unit_id=ids[new.unit],
                    language=new.language,
                    sees_confidential=new.sees_confidential,
                    password_hash=stored,
                )
                further = dict.fromkeys(new.works_in, False) | dict.fromkeys(new.leads, True)
                for slug, leads in further.items():
                    await queries("accounts").add_person_unit(
                        connection, office_id=office.id, person_id=person_id, unit_id=ids[slug], leads=leads
                    )
        except asyncpg.UniqueViolationError as error:
            raise Invalid([FieldProblem("/username", "taken", "Somebody has this username already.")]) from error
        return int(person_id)

    async def set_password(self, office_slug: str | None, username: str, password: str) -> None:
        """Give a person a new password; every session and token of the person ends. Raises Invalid, NotFound."""
        if problem := _password_problem(password):
            raise Invalid([problem])
        office = await self._offices.by_slug(office_slug)
        stored = await self._passwords.hash(password)
        async with self._database.connection() as connection:
            found = await queries("accounts").set_password(
                connection, office_id=office.id, username=username, password_hash=stored
            )
        if found is None:
            raise NotFound("There is no person with this username.")


def _problems(new: NewPerson) -> list[FieldProblem]:
    problems: list[FieldProblem] = []
    if not USERNAME.fullmatch(new.username):
        problems.append(
            FieldProblem("/username", "form", "Use 2 to 60 of: small letters a to z, digits, dot, dash, underscore.")
        )
    if not new.name.strip() or len(new.name) > 120 or not new.name.isprintable():
        problems.append(FieldProblem("/name", "length", "Write a name of 1 to {most} characters.", {"most": 120}))
    if new.email is not None and not re.fullmatch(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]{3,190}", new.email):
        problems.append(FieldProblem("/email", "form", "Write one mail address, for example petugas@example.go.id."))
    if new.language not in ("id", "en"):
        problems.append(FieldProblem("/language", "unknown", "Choose from: {choices}.", {"choices": "id, en"}))
    if problem := _password_problem(new.password):
        problems.append(problem)
    return problems


def _password_problem(password: str) -> FieldProblem | None:
    if LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        return None
    values: dict[str, object] = {"least": LEAST_LENGTH, "most": MOST_LENGTH}
    return FieldProblem("/password", "length", "Choose a password of {least} to {most} characters.", values)
