"""By which ways a person of the office is told: as chosen, as the rung asks, and never by none. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from complaints_service.notifications.kinds import Way
from complaints_service.office.model import Person


def reachable_by(person: Person) -> tuple[Way, ...]:
    """The ways for which the person has an address."""
    return (*((Way.EMAIL,) if person.email else ()), *((Way.WHATSAPP,) if person.whatsapp else ()))


def person_ways(person: Person | None, asked: Iterable[str] = ()) -> tuple[Way, ...]:
    """The ways of one message: those that the rung asks for, else the person's choice, as far as there is an address for them.

    Where none is left any other way that reaches the person; with no address at all e-mail, which ends as a dead letter with an
    alarm: never silence.
    """
    if person is None:
        return (Way.EMAIL,)
    possible = reachable_by(person)
    for wanted in (tuple(asked), person.ways, possible):
        found = tuple(way for way in possible if way.value in wanted)
        if found:
            return found
    return (Way.EMAIL,)


def person_label(person_id: int, way: Way) -> str:
    """The receiver's part of the row's unique key."""
    return f"person:{person_id}" if way is Way.EMAIL else f"person:{person_id}:{way.value}"


def other_way_of(person: Person, way: str) -> Way | None:
    """Where to turn when a way did not reach the person; None: there is no other."""
    return next((other for other in reachable_by(person) if other.value != way), None)
