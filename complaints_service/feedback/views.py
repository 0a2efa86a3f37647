"""A closed cycle as a reader gets it: JSON of the API, and what the pages list."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.feedback.rules import Case, Group, Late, Report, groups
from complaints_service.office.model import Office


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case by its number; ``unit`` is a name, ``late`` working time after ``due_at`` (zero: in time)."""

    number: str
    category: str | None
    cause: str | None
    service: str | None
    kind: str
    unit: str
    received_at: datetime
    target: str
    due_at: datetime | None
    late: Late
    at: datetime | None
    score: int | None


class CycleFigures(msgspec.Struct, frozen=True):
    """How many cases a report holds, as the reader may see them."""

    unresolved: int
    reopened: int
    dissatisfied: int


class CycleSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A line in the list of cycles. ``closed_by`` is a username, None when the calendar closed it."""

    id: int
    starts_at: datetime
    ends_at: datetime
    monthly: bool
    closed_at: datetime
    closed_by: str | None
    figures: CycleFigures


class CycleView(CycleSummary, frozen=True, kw_only=True):
    """A cycle with its cases. ``digest`` is the SHA-256 (hex) of the whole stored report, which is never changed."""

    digest: str
    groups: tuple[Group, ...]
    unresolved: tuple[CaseView, ...]
    reopened: tuple[CaseView, ...]
    dissatisfied: tuple[CaseView, ...]


class CyclePage(msgspec.Struct, frozen=True):
    """Cycles, the newest first; ``next_cursor`` asks for those before them."""

    items: tuple[CycleSummary, ...]
    next_cursor: str | None


def summary(report: Report, office: Office) -> CycleSummary:
    """The line of a report that has been narrowed to its reader."""
    return CycleSummary(
        id=report.cycle,
        starts_at=report.period.starts_at,
        ends_at=report.period.ends_at,
        monthly=report.monthly,
        closed_at=report.closed_at,
        closed_by=_username(report, office),
        figures=figures(report),
    )


def view(report: Report, office: Office, digest: bytes) -> CycleView:
    """A report that has been narrowed to its reader, with the digest of the whole one."""
    return CycleView(
        id=report.cycle,
        starts_at=report.period.starts_at,
        ends_at=report.period.ends_at,
        monthly=report.monthly,
        closed_at=report.closed_at,
        closed_by=_username(report, office),
        figures=figures(report),
        digest=digest.hex(),
        groups=groups(report),
        unresolved=_cases(report.unresolved, office),
        reopened=_cases(report.reopened, office),
        dissatisfied=_cases(report.dissatisfied, office),
    )


def figures(report: Report) -> CycleFigures:
    """The lengths of the three lists."""
    return CycleFigures(len(report.unresolved), len(report.reopened), len(report.dissatisfied))


def _cases(cases: tuple[Case, ...], office: Office) -> tuple[CaseView, ...]:
    return tuple(
        CaseView(
            number=case.number,
            category=case.category,
            cause=case.cause,
            service=case.service,
            kind=case.kind,
            unit=office.units[case.unit_id].name if case.unit_id in office.units else "",
            received_at=case.received_at,
            target=case.target,
            due_at=case.due_at,
            late=case.late,
            at=case.at,
            score=case.score,
        )
        for case in cases
    )


def _username(report: Report, office: Office) -> str | None:
    person = office.people.get(report.closed_by) if report.closed_by is not None else None
    return person.username if person is not None else None
