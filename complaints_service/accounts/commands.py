"""``complaints people add|password``: what an administrator does on the machine itself."""

from __future__ import annotations

import getpass
import sys

from complaints_service.accounts.model import NewPerson
from complaints_service.accounts.passwords import PasswordCheck, new_password
from complaints_service.accounts.people import People
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import FieldProblem, Invalid
from complaints_service.office.model import Role
from complaints_service.office.store import OfficeStore
from complaints_service.settings import Settings


def ask_password(*, generate: bool) -> tuple[str, bool]:
    """A password and whether it was made here: typed twice on a terminal, else the first line of standard input."""
    if generate:
        return new_password(), True
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n"), False
    first = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != first:
        raise Invalid([FieldProblem("/password", "different", "The two passwords are not the same.")])
    return first, False


async def add_person(
    settings: Settings,
    database_url: str,
    *,
    username: str,
    name: str,
    role: str,
    unit: str,
    password: str,
    email: str | None = None,
    language: str = "id",
    works_in: tuple[str, ...] = (),
    leads: tuple[str, ...] = (),
    office: str | None = None,
) -> int:
    """Add a person and return the id. Raises Invalid that names what is wrong, OfficeMissing."""
    if role not in set(Role):
        choices = ", ".join(Role)
        raise Invalid([FieldProblem("/role", "unknown", "Choose from: {choices}.", {"choices": choices})])
    new = NewPerson(
        username=username,
        name=name,
        role=Role(role),
        unit=unit,
        password=password,
        email=email,
        language=language,
        works_in=works_in,
        leads=leads,
    )
    database = await Database.open(database_url, settings)
    passwords = PasswordCheck()
    try:
        return await People(database, OfficeStore(database, OfficeClock()), passwords).add(office, new)
    finally:
        passwords.close()
        await database.close()


async def set_password(
    settings: Settings, database_url: str, *, username: str, password: str, office: str | None = None
) -> None:
    """Give a person a new password; sessions and tokens of the person end. Raises Invalid, NotFound, OfficeMissing."""
    database = await Database.open(database_url, settings)
    passwords = PasswordCheck()
    try:
        people = People(database, OfficeStore(database, OfficeClock()), passwords)
        await people.set_password(office, username, password)
    finally:
        passwords.close()
        await database.close()
