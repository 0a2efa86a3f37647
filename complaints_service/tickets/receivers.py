"""Who may hold or hear of a case: never the person or the unit it is about."""

from __future__ import annotations

from datetime import datetime

from complaints_service.office.model import Office, Person, Role
from complaints_service.tickets.model import Ticket

# Ids are 32-bit; what is longer is no id (and int() refuses thousands of digits).
MOST_DIGITS = 12


def person_named(office: Office, name: str | int) -> Person | None:
    """The active person with this id or username."""
    if isinstance(name, int) or (name.isascii() and name.isdigit() and len(name) < MOST_DIGITS):
        person = office.people.get(int(name))
    else:
        person = next((p for p in office.people.values() if p.username == name), None)
    return person if person is not None and person.active else None


def may_receive(office: Office, ticket: Ticket, person: Person, unit_id: int) -> bool:
    """Whether a case of this unit may go to the person: in scope, and neither the person nor the person's unit is complained about."""
    return (
        person.role is not Role.ADMIN
        and unit_id in office.scope_units(person)
        and person.id not in ticket.reported_people
        and not person.works_in & frozenset(ticket.reported_units)
    )


def next_superiors(ticket: Ticket, office: Office, at: datetime) -> tuple[int, list[int]]:
    """The level after the ticket's and who stands there: 1 supervisors of the unit, 2 head of office, 3 regional office.

    Levels at which nobody is present (or everybody is complained about) are passed over.
    """
    wanted = {1: Role.SUPERVISOR, 2: Role.HEAD, 3: Role.REGIONAL}
    for level in range(min(ticket.level + 1, 3), 4):
        found = [
            p.id
            for p in office.people.values()
            if p.role is wanted[level]
            and office.present(p, at)
            and (level > 1 or ticket.unit_id in p.leads)
            and may_receive(office, ticket, p, ticket.unit_id)
        ]
        if found:
            return level, found
    return ticket.level, []
