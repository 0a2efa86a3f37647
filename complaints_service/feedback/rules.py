"""What a cycle of the feedback loop is made of: which month is due, how late a case was, how cases are grouped. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.office.model import Office, Person
from complaints_service.sla.calendar import WorkingCalendar

# Ratings run from 1 to 4 (PermenPANRB 14/2017); up to this one the reporter was dissatisfied.
DISSATISFIED_UP_TO = 2


class Period(msgspec.Struct, frozen=True):
    """From ``starts_at`` (included) to ``ends_at`` (excluded), UTC."""

    starts_at: datetime
    ends_at: datetime


class Late(msgspec.Struct, frozen=True):
    """How long after the promised time, in working time: minutes inside the opening hours, and whole working days."""

    working_minutes: int = 0
    working_days: int = 0


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case of a report: numbers and the office's words, nothing personal.

    ``target`` and ``due_at`` are the promise that ``late`` is about; ``at`` is when it came back or was rated. ``cause`` is what
    the office has found to be at its root, None until somebody has named it.
    """

    number: str
    category: str | None
    cause: str | None = None
    service: str | None
    kind: str
    unit_id: int
    received_at: datetime
    target: str
    due_at: datetime | None
    late: Late
    at: datetime | None = None
    score: int | None = None
    reported_units: tuple[int, ...] = ()
    reported_people: tuple[int, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The closed report of a cycle; what is stored, byte for byte. Each list is in the order of ``in_order``."""

    office_id: int
    cycle: int
    period: Period
    monthly: bool
    closed_at: datetime
    closed_by: int | None
    unresolved: tuple[Case, ...]
    reopened: tuple[Case, ...]
    dissatisfied: tuple[Case, ...]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """How often a category and cause occur in a report; ``numbers`` are its tickets, each once."""

    category: str | None
    cause: str | None
    unresolved: int
    reopened: int
    dissatisfied: int
    numbers: tuple[str, ...]


def month_of(at: datetime, zone: str) -> Period:
    """The calendar month in the office's zone that holds an instant."""
    local = at.astimezone(ZoneInfo(zone))
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return Period(_utc(first), _utc(following))


def months_due(last_end: datetime | None, first_received: datetime | None, now: datetime, zone: str) -> list[Period]:
    """Months that are over and not closed: from the end of the last closed one, else from the month of the first complaint."""
    begin = last_end if last_end is not None else first_received
    months: list[Period] = []
    while begin is not None:
        month = month_of(begin, zone)
        if month.ends_at > now:
            break
        months.append(month)
        begin = month.ends_at
    return months


def running_month(now: datetime, zone: str) -> Period:
    """What closes on demand: the month so far."""
    return Period(month_of(now, zone).starts_at, now)


def how_late(calendar: WorkingCalendar, due_at: datetime | None, until: datetime | None) -> Late:
    """Working time from the promised to the real time; nothing when the promise was kept or there was none."""
    if due_at is None or until is None or until <= due_at:
        return Late()
    return Late(calendar.minutes_between(due_at, until), calendar.working_days_between(due_at, until))


def in_order(cases: Iterable[Case]) -> tuple[Case, ...]:
    """By category and cause (what nobody has classified last), the latest first within them."""
    return tuple(sorted(cases, key=_place))


def _place(case: Case) -> tuple[bool, str, bool, str, int, str]:
    category, cause = case.category, case.cause
    return (category is None, category or "", cause is None, cause or "", -case.late.working_minutes, case.number)


def groups(report: Report) -> tuple[Group, ...]:
    """The report by category and cause, the largest group first."""
    lists = (report.unresolved, report.reopened, report.dissatisfied)
    keys = dict.fromkeys((case.category, case.cause) for cases in lists for case in cases)
    found: list[Group] = []
    for category, cause in keys:
        held = [[case for case in cases if (case.category, case.cause) == (category, cause)] for cases in lists]
        found.append(
            Group(
                category=category,
                cause=cause,
                unresolved=len(held[0]),
                reopened=len(held[1]),
                dissatisfied=len(held[2]),
                numbers=tuple(sorted({case.number for cases in held for case in cases})),
            )
        )
    return tuple(sorted(found, key=lambda g: (-len(g.numbers), g.category or "~", g.cause or "~")))


def as_seen_by(report: Report, person: Person, office: Office) -> Report:
    """The report with only the cases the person may see: of units in scope, none that names the person or an own unit (D7)."""
    units = office.scope_units(person)

    def seen(cases: tuple[Case, ...]) -> tuple[Case, ...]:
        return tuple(
            case
            for case in cases
            if case.unit_id in units
            and person.id not in case.reported_people
            and not person.works_in & frozenset(case.reported_units)
        )

    return msgspec.structs.replace(
        report,
        unresolved=seen(report.unresolved),
        reopened=seen(report.reopened),
        dissatisfied=seen(report.dissatisfied),
    )


def _utc(local: datetime) -> datetime:
    return local.astimezone(ZoneInfo("UTC"))
