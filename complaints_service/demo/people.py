"""The demo people with their passwords, kept in DATA_DIR so that whoever tries the service can sign in (DEV only)."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from complaints_service.accounts.passwords import new_password
from complaints_service.demo.office_rows import OfficeRows

FILE_NAME = "demo_people.json"


class DemoPerson(msgspec.Struct, frozen=True):
    """One of the people of the demo office, as printed and as /dev/people shows it; ``unit`` is a name."""

    username: str
    password: str
    role: str
    unit: str


def demo_people(data_dir: Path) -> list[DemoPerson]:
    """The people kept in this DATA_DIR; empty when there are none."""
    try:
        return msgspec.json.decode((data_dir / FILE_NAME).read_bytes(), type=list[DemoPerson])
    except FileNotFoundError:
        return []


def kept_people(data_dir: Path, rows: OfficeRows) -> tuple[list[DemoPerson], bool]:
    """The people of the office with their passwords, and whether passwords were made just now.

    New ones are on disk before anything else can know them: a crash leaves no person whose password nobody has.
    """
    held = {person.username: person.password for person in demo_people(data_dir)}
    units = {unit.slug: unit.name for unit in rows.units}
    people = [
        DemoPerson(p.username, held.get(p.username) or new_password(), p.role.value, units[p.unit]) for p in rows.people
    ]
    new = any(person.username not in held for person in people)
    if new:
        _write(data_dir / FILE_NAME, msgspec.json.format(msgspec.json.encode(people)))
    return people, new


def _write(path: Path, content: bytes) -> None:
    """Replace a private file as a whole, on disk before it counts."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - os.open sets the mode
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
