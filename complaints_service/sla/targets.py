"""Which target counts for a ticket and when it is due. Pure rules; working days as DOMAIN.md, "Kinds and clocks"."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta

import msgspec

from complaints_service.office.model import Office, Policy, PolicyPause, PolicyTarget
from complaints_service.sla.calendar import WorkingCalendar
from complaints_service.sla.calendar_document import document_from
from complaints_service.tickets.model import Ticket
from complaints_service.tickets.port import DeadlineRow

CALENDAR_MEASURES = frozenset({"calendar_days", "calendar_minutes"})


class NoTarget(LookupError):
    """The policy has no row that matches the ticket."""


@functools.lru_cache(maxsize=64)
def _calendar(document: str) -> WorkingCalendar:
    return WorkingCalendar.from_document(document_from(msgspec.json.decode(document)))


def calendar_of(office: Office, version: int | None = None) -> WorkingCalendar:
    """The working calendar under its version (None: the latest), built once per document and process."""
    stored = office.latest_calendar() if version is None else office.calendars[version]
    return _calendar(stored.document)


def target_of(policy: Policy, target: str, ticket: Ticket) -> PolicyTarget:
    """The first row of the policy that matches the ticket's classification. Raises NoTarget."""
    for row in policy.targets:
        if (
            row.target == target
            and row.kind in (None, ticket.kind)
            and row.category in (None, ticket.category)
            and row.priority in (None, ticket.priority)
            and row.simple in (None, ticket.simple)
            and row.oversight in (None, ticket.oversight)
        ):
            return row
    raise NoTarget(f"policy {policy.version} has no target {target} for this ticket")


def due_at(calendar: WorkingCalendar, started_at: datetime, amount: int, measure: str) -> datetime:
    """When a target is due (UTC): working days end at closing time; minutes and calendar days run from the start."""
    if measure == "working_days":
        return calendar.add_working_days(started_at, amount)
    if measure == "working_minutes":
        return calendar.add_minutes(started_at, amount)
    return started_at + _span(amount, measure)


def shifted(calendar: WorkingCalendar, moment: datetime, amount: int, measure: str) -> datetime:
    """The instant ``amount`` (negative: before) away from another one: where a rung or the limit of a pause lies. 0: the instant itself."""
    if amount == 0:
        return moment
    if measure == "working_days":
        return calendar.shift_working_days(moment, amount)
    if measure == "working_minutes":
        return calendar.add_minutes(moment, amount) if amount > 0 else calendar.subtract_minutes(moment, -amount)
    return moment + _span(amount, measure)


def _span(amount: int, measure: str) -> timedelta:
    return timedelta(days=amount) if measure == "calendar_days" else timedelta(minutes=amount)


def new_deadline(office: Office, ticket: Ticket, target: str, started_at: datetime) -> DeadlineRow:
    """The promise of a target from ``started_at`` on, by the ticket's pinned policy and the calendar of now (D3). Raises NoTarget."""
    calendar_version = office.latest_calendar().version
    row = target_of(office.policies[ticket.policy_version], target, ticket)
    due = due_at(calendar_of(office, calendar_version), started_at, row.amount, row.measure)
    return DeadlineRow(
        office_id=ticket.office_id,
        ticket_id=ticket.id,
        target=target,
        episode=ticket.episode,
        started_at=started_at,
        due_at=due,
        first_due_at=due,
        amount=row.amount,
        measure=row.measure,
        policy_version=ticket.policy_version,
        calendar_version=calendar_version,
    )


def counts_from(row: DeadlineRow) -> datetime:
    """The instant from which the amount is counted: the start, or a later marking as urgent or transfer."""
    return row.started_at if row.counted_from is None else row.counted_from


def pauses_of(row: DeadlineRow) -> list[tuple[datetime, datetime]]:
    """The pauses that are over, each [from, to)."""
    return msgspec.json.decode(row.pauses, type=list[tuple[datetime, datetime]])


def pauses_that_count(row: DeadlineRow) -> list[tuple[datetime, datetime]]:
    """The pauses that are over, as far as they lie after the instant from which the amount is counted."""
    if row.pauses == "[]":
        return []
    begin = counts_from(row)
    return [(max(start, begin), end) for start, end in pauses_of(row) if end > begin]


def with_due(office: Office, row: DeadlineRow) -> DeadlineRow:
    """The row with its due time counted anew from start, amount, granted days and pauses.

    A pause moves the due time by the working minutes it lasted (an amount in calendar time: by its whole length); a target in whole
    working days then ends at that day's closing time.
    """
    calendar = calendar_of(office, row.calendar_version)
    due = due_at(calendar, counts_from(row), row.amount, row.measure)
    if row.granted_days:
        due = calendar.shift_working_days(due, row.granted_days)
    pauses = pauses_that_count(row)
    if row.measure in CALENDAR_MEASURES:
        due += sum((end - start for start, end in pauses), timedelta())
    elif paused_minutes := sum(calendar.minutes_between(start, end) for start, end in pauses):
        due = calendar.add_minutes(due, paused_minutes)
        if row.measure == "working_days":
            due = calendar.shift_working_days(due, 0)
    return msgspec.structs.replace(row, due_at=due)


def pause_of(policy: Policy, row: DeadlineRow, ticket: Ticket) -> PolicyPause | None:
    """The rule by which the ticket's status stops this clock, if there is one."""
    for pause in policy.pauses:
        if pause.target == row.target and pause.status == ticket.status:
            return pause
    return None


def pause_ends_at(office: Office, row: DeadlineRow, ticket: Ticket) -> datetime | None:
    """When the pause the row is in reaches its limit; None: the row does not stand, or the policy no longer lets it."""
    pause = pause_of(office.policies[row.policy_version], row, ticket)
    if row.paused_at is None or pause is None:
        return None
    calendar = calendar_of(office, row.calendar_version)
    return due_at(calendar, row.paused_at, pause.limit_amount, pause.limit_measure)


def paused(row: DeadlineRow, at: datetime) -> DeadlineRow:
    """The row with its clock stopped from ``at`` on."""
    return msgspec.structs.replace(row, paused_at=at)


def resumed(office: Office, row: DeadlineRow, at: datetime) -> DeadlineRow:
    """The row running again, its due time moved by the pause."""
    if row.paused_at is None:
        return row
    pauses = [*pauses_of(row), (row.paused_at, at)]
    moved = msgspec.structs.replace(row, paused_at=None, pauses=msgspec.json.encode(pauses).decode())
    return with_due(office, moved)
