"""``complaints people add|password``: what an administrator does on the machine itself."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable

import msgspec

from complaints_service.accounts.model import NewPerson
from complaints_service.accounts.passwords import PasswordCheck, new_password
from complaints_service.accounts.people import People
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import DomainError, FieldProblem, Invalid
from complaints_service.i18n import translate
from complaints_service.office.model import Role
from complaints_service.office.store import OfficeMissing, OfficeStore
from complaints_service.settings import Settings


def run(settings: Settings, arguments: list[str]) -> int:
    """Do what the command line says; 0 done, 1 failed, 2 wrong call."""
    call = _parser().parse_args(arguments)
    try:
        password, made = _password(generate=call.generate)
        if call.task == "password":
            asyncio.run(
                _with_people(settings, lambda people: people.set_password(call.office, call.username, password))
            )
            answer: dict[str, object] = {"username": call.username}
        else:
            new = NewPerson(
                username=call.username,
                name=call.name,
                role=Role(call.role),
                unit=call.unit,
                password=password,
                email=call.email,
                language=call.language,
                works_in=tuple(call.works_in),
                leads=tuple(call.leads),
                sees_confidential=call.sees_confidential,
            )
            person_id = asyncio.run(_with_people(settings, lambda people: people.add(call.office, new)))
            answer = {"id": person_id, "username": call.username, "role": call.role, "unit": call.unit}
    except Invalid as error:
        for problem in error.problems:
            field = problem.pointer.removeprefix("/")
            print(f"{field}: {translate('en', problem.detail, **problem.values)}", file=sys.stderr)
        return 2
    except OfficeMissing:
        print("there is no such office in this database", file=sys.stderr)
        return 1
    except DomainError as error:
        print(translate("en", error.detail, **error.values), file=sys.stderr)
        return 1
    if made:
        answer["password"] = password
    if call.json:
        print(msgspec.json.encode(answer).decode())
    else:
        print("\n".join(f"{name}: {value}" for name, value in answer.items()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="complaints people", description="People of the office.")
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    add = tasks.add_parser("add", help="add somebody who can sign in")
    add.add_argument("username", help="2 to 60 small letters, digits, dots, dashes, underscores")
    add.add_argument("--name", required=True, help="full name")
    add.add_argument("--role", required=True, choices=list(Role))
    add.add_argument("--unit", required=True, help="short name of the unit, for example lantaskim")
    add.add_argument("--email", help="where escalations and digests go")
    add.add_argument("--language", choices=("id", "en"), default="id")
    add.add_argument("--works-in", action="append", default=[], metavar="UNIT", help="a further unit (may be repeated)")
    add.add_argument("--leads", action="append", default=[], metavar="UNIT", help="a unit led (may be repeated)")
    add.add_argument("--sees-confidential", action="store_true", help="may see who filed confidential complaints")
    password = tasks.add_parser("password", help="give somebody a new password; sessions and tokens end")
    password.add_argument("username")
    for task in (add, password):
        task.add_argument("--office", help="short name of the office (default: the only one)")
        task.add_argument("--generate", action="store_true", help="make a password and print it")
        task.add_argument("--json", action="store_true", help="answer for machines")
    return parser


def _password(*, generate: bool) -> tuple[str, bool]:
    """A password and whether it was made here: typed twice on a terminal, else the first line of standard input."""
    if generate:
        return new_password(), True
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n"), False
    first = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != first:
        raise Invalid([FieldProblem("/password", "different", "The two passwords are not the same.")])
    return first, False


async def _with_people(settings: Settings, act: Callable[[People], Awaitable[object]]) -> object:
    """Run one use case on a connection of its own. ``settings`` come connected: their database_url is set."""
    database = await Database.open(settings.database_url or "", settings)
    passwords = PasswordCheck()
    try:
        return await act(People(database, OfficeStore(database, OfficeClock()), passwords))
    finally:
        passwords.close()
        await database.close()
