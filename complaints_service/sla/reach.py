"""Whom a rung of the ladder reaches: its receivers, who stands in for the absent, and who is next when nobody is there. Pure rules."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.office.model import Office, Person, Role, Rung, UnitKind
from complaints_service.tickets.model import Ticket
from complaints_service.tickets.receivers import may_receive

# Whom a rung can name, beside ``person:<username>`` and ``address:<e-mail>``.
RECEIVER_WORDS = frozenset(
    {
        "assignee", "unit_officers", "triage_officers", "supervisor", "unit_supervisor", "triage_supervisor", "duty", "head",
        "regional", "unit_up", "unit_above",
    }
)  # fmt: skip
PERSON, ADDRESS = "person:", "address:"


class Reached(msgspec.Struct, frozen=True):
    """Whom a rung reaches (ids), who gets it in place of somebody absent or gone (that one's id as text -> id), who is named though
    having left the office (ids), who is absent without anybody in place (ids), and addresses outside the office."""

    people: tuple[int, ...]
    stood_in: dict[str, int]
    gone: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()
    absent: tuple[int, ...] = ()


def reach(office: Office, ticket: Ticket, rung: Rung, at: datetime) -> Reached:
    """Resolve a rung's receivers at a moment.

    In place of somebody absent or gone the stand-in gets it, and the rung's ``otherwise`` too; nobody the complaint names is reached.
    When nobody is left: ``otherwise`` (for whoever is on duty then the supervisor), then the head, then the regional office. Nobody
    at all: an alarm, never silence.
    """
    named = _named(office, ticket, rung.receivers, at)
    found: list[int] = []
    stood_in: dict[str, int] = {}
    gone: list[int] = []
    absent: list[int] = []
    missing = False
    for person in named:
        if office.present(person, at):
            found.append(person.id)
            continue
        missing = True
        if not person.active:
            gone.append(person.id)
        other = office.stand_in(person, at)
        if other is not None and may_receive(office, ticket, other, ticket.unit_id):
            found.append(other.id)
            stood_in[str(person.id)] = other.id
        elif person.active:
            absent.append(person.id)
    addresses = _addresses(rung.receivers)
    if missing or not (found or addresses):
        found += _next_step_up(office, ticket, rung, at)
        addresses += _addresses(rung.otherwise)
    return Reached(
        people=tuple(dict.fromkeys(found)),
        stood_in=stood_in,
        gone=tuple(gone),
        addresses=tuple(dict.fromkeys(addresses)),
        absent=tuple(dict.fromkeys(absent)),
    )


def _addresses(words: tuple[str, ...]) -> list[str]:
    return [word.removeprefix(ADDRESS) for word in words if word.startswith(ADDRESS)]


def _next_step_up(office: Office, ticket: Ticket, rung: Rung, at: datetime) -> list[int]:
    """The first of the steps above at which anybody is present."""
    duty = [("supervisor",)] if "duty" in rung.receivers else []
    for words in (rung.otherwise, *duty, ("head",), ("regional",)):
        found = [p.id for p in _named(office, ticket, words, at) if office.present(p, at)]
        if found:
            return found
    return []


def _named(office: Office, ticket: Ticket, words: tuple[str, ...], at: datetime) -> list[Person]:
    """The people whom words name, also those who have left where nobody else holds the place; never whom the case is about."""
    chosen: list[Person] = []
    for word in words:
        people = _named_by(office, ticket, word, at)
        chosen += [p for p in people if p.active] or people
    return [p for p in chosen if may_receive(office, ticket, p, ticket.unit_id)]


def _named_by(office: Office, ticket: Ticket, word: str, at: datetime) -> list[Person]:
    everybody = office.people.values()
    match word:
        case "assignee":
            if ticket.assignee_id is not None and ticket.assignee_id in office.people:
                return [office.people[ticket.assignee_id]]
            return _named_by(office, ticket, "unit_officers", at) + _named_by(office, ticket, "supervisor", at)
        case "unit_officers":
            return [p for p in everybody if p.role is Role.OFFICER and ticket.unit_id in p.works_in]
        case "triage_officers":
            triage = office.unit_of_kind(UnitKind.TRIAGE).id
            return [p for p in everybody if p.role is Role.OFFICER and triage in p.works_in]
        case "supervisor" | "unit_supervisor":
            return _supervisors(office, ticket.unit_id)
        case "triage_supervisor":
            return _supervisors(office, office.unit_of_kind(UnitKind.TRIAGE).id)
        case "duty":
            return office.on_duty(ticket.unit_id, at)
        case "head":
            return [p for p in everybody if p.role is Role.HEAD]
        case "regional":
            return [p for p in everybody if p.role is Role.REGIONAL]
        case "unit_up":
            return _next_unit_up(office, ticket)
        case "unit_above":
            above = office.ancestors(office.unit_of_kind(UnitKind.REGIONAL).id)
            return [p for p in everybody if above and p.unit_id == above[0].id]
        case _:
            username = word.removeprefix(PERSON)
            return [p for p in everybody if word.startswith(PERSON) and p.username == username]


def _supervisors(office: Office, unit_id: int) -> list[Person]:
    return [p for p in office.people.values() if p.role is Role.SUPERVISOR and unit_id in p.leads]


def _next_unit_up(office: Office, ticket: Ticket) -> list[Person]:
    """Who leads the nearest unit above that anybody leads: its supervisors, else the heads who sit there."""
    for unit in office.ancestors(ticket.unit_id):
        heads = [p for p in office.people.values() if p.unit_id == unit.id and p.role in (Role.HEAD, Role.REGIONAL)]
        found = _supervisors(office, unit.id) or heads
        if any(p.active for p in found):
            return found
    return []
