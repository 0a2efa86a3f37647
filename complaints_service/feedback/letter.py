"""The letter about a closed cycle: whom it goes to and what the outbox row holds of it. No I/O."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain

import msgspec

from complaints_service.feedback.rules import Case, Report, as_seen_by, groups
from complaints_service.feedback.views import figures
from complaints_service.i18n import day, moment
from complaints_service.notifications.message_ids import MessageIds
from complaints_service.office.model import Office, Person, Role
from complaints_service.tickets.port import OutboxRow

# Cases named in the letter itself; the page has them all.
NAMED_CASES = 20


def report_letters(report: Report, office: Office, message_ids: MessageIds) -> list[OutboxRow]:
    """One row for each head of office (absent: who stands in; none at all: the regional office), each with what they may see.

    One row per cycle and person (I3). The letter holds numbers and the catalogue's slugs, no words of citizens.
    """
    return [_letter(report, office, person, message_ids) for person in receivers(report, office)]


def receivers(report: Report, office: Office) -> list[Person]:
    """Who learns of the report."""
    for role in (Role.HEAD, Role.REGIONAL):
        people = [person for person in office.people.values() if person.role is role and person.active]
        present = [
            person if office.present(person, report.closed_at) else office.stand_in(person, report.closed_at)
            for person in people
        ]
        found = {person.id: person for person in present if person is not None} or {p.id: p for p in people}
        if found:
            return list(found.values())
    return []


def _letter(report: Report, office: Office, person: Person, message_ids: MessageIds) -> OutboxRow:
    seen = as_seen_by(report, person, office)
    counted = figures(seen)
    params = {
        "cycle": report.cycle,
        "monthly": report.monthly,
        **_period(report, office, person.language),
        "unresolved": counted.unresolved,
        "reopened": counted.reopened,
        "dissatisfied": counted.dissatisfied,
        "groups": [{"category": g.category, "cause": g.cause, "cases": len(g.numbers)} for g in groups(seen)],
        "cases": [_line(case, unresolved=case in seen.unresolved) for case in worst(seen)],
    }
    key = f"cycle_report:{report.cycle}:person:{person.id}"
    return OutboxRow(
        office_id=report.office_id,
        ticket_id=None,
        event_seq=None,
        dedupe_key=key,
        kind="cycle_report",
        way="email",
        recipient="person",
        person_id=person.id,
        params=msgspec.json.encode(params).decode(),
        created_at=report.closed_at,
        released_at=report.closed_at,
        message_id=message_ids.for_row(key),
    )


def _period(report: Report, office: Office, language: str) -> dict[str, str]:
    """First day and last day (a month) or moment (on demand), as the receiver reads them."""
    period, zone = report.period, office.time_zone
    last = day(period.ends_at - timedelta(microseconds=1), zone, language)
    return {
        "since": day(period.starts_at, zone, language),
        "until": last if report.monthly else moment(period.ends_at, zone, language),
    }


def worst(report: Report) -> list[Case]:
    """The cases to name first: each once, the latest first."""
    cases = {c.number: c for c in chain(report.dissatisfied, report.reopened, report.unresolved)}
    return sorted(cases.values(), key=lambda c: (-c.late.working_minutes, c.number))[:NAMED_CASES]


def _line(case: Case, *, unresolved: bool) -> dict[str, object]:
    return {
        "number": case.number,
        "category": case.category,
        "service": case.service,
        "late_days": case.late.working_days,
        "late_minutes": case.late.working_minutes,
        "unresolved": unresolved,
    }
