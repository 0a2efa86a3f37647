"""Closed cycles of the feedback loop as pages show them. No I/O; what the viewer may see was decided before."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date

from complaints_service.desk.words import about, catalogue_name, person_name
from complaints_service.feedback.rules import Group, Late
from complaints_service.feedback.views import CaseView, CyclePage, CycleSummary, CycleView
from complaints_service.i18n import translate
from complaints_service.office.model import Office


class CycleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list; ``last_day`` is the last one inside the period."""

    id: int
    name: str
    first_day: date
    last_day: date
    unresolved: int
    reopened: int
    dissatisfied: int
    closed_at: datetime
    closed_by: str


class GroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """Cases of one category and cause."""

    category: str
    cause: str
    unresolved: int
    reopened: int
    dissatisfied: int
    n: int


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One case: its number, what about, who holds it, how late."""

    number: str
    about: str
    unit: str
    received_at: datetime
    late: str
    score: int | None


def cycles_page(found: CyclePage, office: Office, language: str) -> dict[str, object]:
    """The context of management/cycles.html."""
    return {
        "rows": [_row(cycle, office, language) for cycle in found.items],
        "next_url": f"/manage/feedback?cursor={found.next_cursor}" if found.next_cursor else None,
    }


def cycle_page(found: CycleView, office: Office, language: str) -> dict[str, object]:
    """The context of management/cycle.html."""
    return {
        "cycle": _row(found, office, language),
        "groups": [_group(group, office, language) for group in found.groups],
        "lists": [
            (key, translate(language, title), [_case(case, office, language, key) for case in cases])
            for key, title, cases in (
                ("unresolved", "Unresolved past the deadline", found.unresolved),
                ("reopened", "Reopened", found.reopened),
                ("dissatisfied", "Dissatisfied (1 or 2 of 4)", found.dissatisfied),
            )
        ],
        "digest": found.digest,
    }


def _row(cycle: CycleSummary, office: Office, language: str) -> CycleRow:
    zone = ZoneInfo(office.time_zone)
    first = cycle.starts_at.astimezone(zone).date()
    last = (cycle.ends_at - timedelta(microseconds=1)).astimezone(zone).date()
    month = format_date(first, "LLLL y", locale="id_ID" if language == "id" else "en_GB")
    by = next((p.id for p in office.people.values() if p.username == cycle.closed_by), None)
    return CycleRow(
        id=cycle.id,
        name=month if cycle.monthly else translate(language, "{month}, so far", month=month),
        first_day=first,
        last_day=last,
        unresolved=cycle.figures.unresolved,
        reopened=cycle.figures.reopened,
        dissatisfied=cycle.figures.dissatisfied,
        closed_at=cycle.closed_at,
        closed_by=person_name(office, by) or translate(language, "the calendar"),
    )


def _group(group: Group, office: Office, language: str) -> GroupRow:
    return GroupRow(
        category=catalogue_name(office.categories.get(group.category or ""), language)
        or translate(language, "without a category"),
        cause=group.cause or translate(language, "not yet named"),
        unresolved=group.unresolved,
        reopened=group.reopened,
        dissatisfied=group.dissatisfied,
        n=len(group.numbers),
    )


def _case(case: CaseView, office: Office, language: str, part: str) -> CaseRow:
    # Past its deadline with no working minute gone since: a report is often closed in the night after the last day.
    just_late = part == "unresolved" and not case.late.working_minutes
    return CaseRow(
        number=case.number,
        about=about(office, case.category, case.service, case.kind, language),
        unit=case.unit,
        received_at=case.received_at,
        late=translate(language, "just past the deadline") if just_late else late_text(case.late, language),
        score=case.score,
    )


def late_text(late: Late, language: str) -> str:
    """How late in working time: days from one on, else hours and minutes; "in time" for nothing."""
    if late.working_days:
        return translate(language, "{n} working days", n=late.working_days)
    hours, minutes = divmod(late.working_minutes, 60)
    if hours:
        return translate(language, "{n} working hours", n=hours)
    return translate(language, "{n} working minutes", n=minutes) if minutes else translate(language, "in time")
