"""Whom a complaint names, and who therefore must never receive it (D7): the next superior does."""

from __future__ import annotations

import msgspec

from complaints_service.office.model import Office, Person, Role, Unit, UnitKind
from complaints_service.routing.words import words_of

# Words that stand before or after a name and are none, and what else people write there.
_NOT_NAMES = frozenset(
    words_of(
        """
        pak bapak bpk bu ibu sdr sdri saudara saudari mas mbak mba bang kak kakak haji hajah hj tn ny nn
        mr mrs ms dr drs dra ir prof sh mh mm se st mt skom sip msi sos ssos spd amd imigrasi
        petugas pegawai staf staff pejabat oknum kepala kantor bernama nama atas loket nomor no yang di
        bagian seksi unit
        """
    )
)
_HEAD_OF_OFFICE = (["kepala", "kantor"], ["kakanim"])
_TITLE_DOTS = str.maketrans({".": None, ",": " "})


class Reported(msgspec.Struct, frozen=True):
    """What the words about a reported party resolve to.

    ``units`` and ``people`` are named; ``excluded_people`` are those and the ones who work in or lead a
    named unit: no assignment, no message. ``closed_units`` are all that must not receive the case: named
    units, units in which a named person works or leads, and everything below, for nobody judges a superior.
    """

    units: tuple[int, ...] = ()
    people: tuple[int, ...] = ()
    excluded_people: frozenset[int] = frozenset()
    closed_units: frozenset[int] = frozenset()


def resolve(office: Office, unit_words: str | None, person_words: str | None) -> Reported:
    """Find the named unit (slug or name) and person (username or name); words that fit several name all."""
    units = tuple(sorted(u.id for u in office.units.values() if unit_words and _names_unit(unit_words, u)))
    active = [p for p in office.people.values() if p.active]
    people = tuple(sorted(p.id for p in active if person_words and _names_person(person_words, p)))
    if not units and not people:
        return Reported()
    closed = set(units)
    for person_id in people:
        closed |= _place(office.people[person_id])
    excluded = set(people) | {p.id for p in active if _place(p) & set(units)}
    return Reported(
        units=units,
        people=people,
        excluded_people=frozenset(excluded),
        closed_units=frozenset(below for unit_id in closed for below in office.subtree(unit_id)),
    )


def next_superior(office: Office, unit_id: int, reported: Reported) -> int:
    """The unit itself, else the nearest above it that is not closed and has somebody who may read the case.

    When nobody is left up to the top, the top unit all the same: rather nobody than the reported party.
    """
    if unit_id not in reported.closed_units:
        return unit_id
    above = [unit.id for unit in office.ancestors(unit_id)]
    open_units = [unit for unit in above if unit not in reported.closed_units]
    for unit in open_units:
        members = {p.id for p in office.people.values() if p.active and unit in _place(p)}
        if members - reported.excluded_people:
            return unit
    return (open_units or above or [unit_id])[-1]


def _place(person: Person) -> frozenset[int]:
    """The units in which a person works or leads."""
    return person.works_in | person.leads | {person.unit_id}


def _names_unit(text: str, unit: Unit) -> bool:
    """Slug or name alone, or the name inside a longer text; a section there also by its slug (Lantaskim)."""
    given = words_of(text)
    if given in (words_of(unit.slug), words_of(unit.name)):
        return True
    inside = [words_of(unit.name)]
    if unit.kind in (UnitKind.SECTION, UnitKind.TRIAGE):
        inside.append(words_of(unit.slug))
    return any(_within(given, words) for words in inside)


def _names_person(text: str, person: Person) -> bool:
    """The username alone, the head by the office, or one name held in the other.

    "Pak Budi" may be any Budi, and none of them gets the case.
    """
    if text.strip().lstrip("@").casefold() == person.username.casefold():
        return True
    if person.role is Role.HEAD and any(_within(words_of(text), words) for words in _HEAD_OF_OFFICE):
        return True
    given, name = _name_words(text), _name_words(person.name)
    return bool(given and name) and (name <= given or given <= name)


def _within(text: list[str], words: list[str]) -> bool:
    return any(text[at : at + len(words)] == words for at in range(len(text)))


def _name_words(text: str) -> set[str]:
    words = words_of(text.translate(_TITLE_DOTS))
    return {word for word in words if len(word) > 1 and word not in _NOT_NAMES and not word.isdigit()}
