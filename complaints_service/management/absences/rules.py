"""What an absence and a duty must be, who may plan whom, and where nobody is on duty. Rules without I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.errors import FieldProblem
from complaints_service.management.absences.model import AbsenceRow, DutyRow, NewAbsence, NewDuty
from complaints_service.office.model import Office, Person, Role

PLANNERS = (Role.SUPERVISOR, Role.HEAD, Role.REGIONAL, Role.ADMIN)
LONGEST = timedelta(days=400)
FARTHEST = timedelta(days=800)
LONGEST_NOTE = 200
# Days whose hours are entered at once: four weeks, as the page shows them.
MOST_DAYS = 28


def plannable(office: Office, planner: Person) -> list[Person]:
    """Whose absences this person may enter, by name: an administrator's everybody, a superior's units, otherwise only oneself."""
    units = frozenset(office.units) if planner.role is Role.ADMIN else office.scope_units(planner)
    people = [
        person
        for person in office.people.values()
        if person.active and (person.id == planner.id or (planner.role in PLANNERS and person.unit_id in units))
    ]
    return sorted(people, key=lambda person: (person.name, person.id))


def duty_units(office: Office, planner: Person) -> tuple[bool, frozenset[int]]:
    """For what this person may plan duty: the whole office or not, and for which units (nobody else for any)."""
    if planner.role is Role.ADMIN:
        return True, frozenset(office.units)
    if planner.role in PLANNERS:
        return planner.role is not Role.SUPERVISOR, office.scope_units(planner)
    return False, frozenset()


def absence_problems(office: Office, new: NewAbsence, known: Iterable[AbsenceRow], now: datetime) -> list[FieldProblem]:
    """All that is wrong with an absence; ``known``: absences that touch its time."""
    found = time_problems(new.starts_at, new.ends_at, now)
    person = office.people.get(new.person_id)
    if person is None or not person.active:
        found.append(FieldProblem("/person_id", "unknown_person", "Choose somebody who works in the office."))
    if any(each.person_id == new.person_id and _overlap(each, new) for each in known):
        found.append(FieldProblem("/starts_at", "overlap", "This person is already entered as absent at that time."))
    if new.stand_in_id is None:
        return found
    stand_in = office.people.get(new.stand_in_id)
    if stand_in is None or not stand_in.active:
        found.append(FieldProblem("/stand_in_id", "unknown_person", "Choose somebody who works in the office."))
    elif stand_in.id == new.person_id:
        found.append(
            FieldProblem("/stand_in_id", "oneself", "Nobody can stand in for themselves. Choose somebody else.")
        )
    elif any(each.person_id == stand_in.id and _overlap(each, new) for each in known):
        detail = "{name} is absent at that time too. Choose somebody else."
        found.append(FieldProblem("/stand_in_id", "absent", detail, {"name": stand_in.name}))
    return found


def sees_nothing_of(office: Office, stand_in_id: int | None, person_id: int) -> bool:
    """Whether the stand-in may see no case at all that the absent person sees: then the one above gets what would go there."""
    stand_in, person = office.people.get(stand_in_id or 0), office.people.get(person_id)
    if stand_in is None or person is None:
        return False
    return stand_in.role is Role.ADMIN or office.scope_units(stand_in).isdisjoint(office.scope_units(person))


def duty_problems(
    office: Office, new: NewDuty, known: Iterable[DutyRow], absences: Iterable[AbsenceRow], now: datetime
) -> list[FieldProblem]:
    """All that is wrong with a duty; ``known`` and ``absences``: those that touch its time."""
    found = time_problems(new.starts_at, new.ends_at, now)
    person = office.people.get(new.person_id)
    if person is None or not person.active:
        found.append(FieldProblem("/person_id", "unknown_person", "Choose somebody who works in the office."))
    elif any(each.person_id == person.id and _overlap(each, new) for each in absences):
        detail = "{name} is absent at that time. Choose somebody else or another time."
        found.append(FieldProblem("/person_id", "absent", detail, {"name": person.name}))
    if new.unit_id is not None and new.unit_id not in office.units:
        found.append(FieldProblem("/unit_id", "unknown_unit", "Choose a unit of the office."))
    if any(each.person_id == new.person_id and each.unit_id == new.unit_id and _overlap(each, new) for each in known):
        found.append(FieldProblem("/starts_at", "overlap", "This person is already on duty for this at that time."))
    return found


def time_problems(starts: datetime, ends: datetime, now: datetime) -> list[FieldProblem]:
    """What is wrong with the time of an absence or a duty by itself."""
    if ends <= starts:
        return [FieldProblem("/ends_at", "end_not_after_start", "It must end after it starts.")]
    if ends <= now:
        return [FieldProblem("/ends_at", "past", "This time is over already. Choose one that is still to come.")]
    if ends - starts > LONGEST:
        return [FieldProblem("/ends_at", "too_long", "It may last {days} days at most.", {"days": LONGEST.days})]
    if starts > now + FARTHEST or starts < now - LONGEST:
        return [FieldProblem("/starts_at", "too_far", "This day is too far away. Please check the year.")]
    return []


def spans_of_days(first: date, last: date, begin: time, end: time, zone: str) -> list[tuple[datetime, datetime]]:
    """The hours from ``begin`` to ``end`` (the office's) of each day, as UTC; an end that is not later is that of the next day."""
    night = timedelta(days=end <= begin)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def at(day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)

    return [(at(day, begin), at(day + night, end)) for day in days]


def _overlap(each: AbsenceRow | DutyRow, new: NewAbsence | NewDuty) -> bool:
    return each.starts_at < new.ends_at and new.starts_at < each.ends_at


class Span(msgspec.Struct, frozen=True):
    """A piece of time, [starts_at, ends_at)."""

    starts_at: datetime
    ends_at: datetime


def covered(
    duties: Iterable[DutyRow], absences: Iterable[AbsenceRow], unit_id: int | None, start: datetime, end: datetime
) -> list[Span]:
    """When somebody is on duty for a unit (its own people or the whole office's; None: only those) within a time, in order.

    A person who is absent is not on duty.
    """
    away = list(absences)
    pieces: list[Span] = []
    for duty in duties:
        if duty.unit_id is not None and duty.unit_id != unit_id:
            continue
        own = [Span(max(duty.starts_at, start), min(duty.ends_at, end))]
        for absence in away:
            if absence.person_id == duty.person_id:
                own = [part for piece in own for part in _without(piece, absence)]
        pieces += [piece for piece in own if piece.starts_at < piece.ends_at]
    merged: list[Span] = []
    for piece in sorted(pieces, key=lambda each: each.starts_at):
        if merged and piece.starts_at <= merged[-1].ends_at:
            merged[-1] = Span(merged[-1].starts_at, max(merged[-1].ends_at, piece.ends_at))
        else:
            merged.append(piece)
    return merged


def gaps(covers: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """What ``covered`` leaves open within a time, in order."""
    found: list[Span] = []
    at = start
    for cover in covers:
        if cover.starts_at > at:
            found.append(Span(at, cover.starts_at))
        at = max(at, cover.ends_at)
    if at < end:
        found.append(Span(at, end))
    return found


def _without(piece: Span, absence: AbsenceRow) -> list[Span]:
    before = Span(piece.starts_at, min(piece.ends_at, absence.starts_at))
    after = Span(max(piece.starts_at, absence.ends_at), piece.ends_at)
    return [part for part in (before, after) if part.starts_at < part.ends_at]
