"""Why this date? How a deadline of a ticket came about, step by step, in words (D3). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from complaints_service.i18n import moment, translate
from complaints_service.office.model import Office
from complaints_service.office.rung_words import amount_text
from complaints_service.sla.calendar_steps import StepKey
from complaints_service.sla.calendar_words import step_text
from complaints_service.sla.targets import (
    CALENDAR_MEASURES,
    calendar_of,
    counts_from,
    pause_ends_at,
    pauses_that_count,
)
from complaints_service.tickets.file import StoredEvent
from complaints_service.tickets.model import Priority, Ticket
from complaints_service.tickets.port import DeadlineRow


class Recounted(msgspec.Struct, frozen=True):
    """A time at which newer versions of calendar or policy moved the date: when, from what, to what, and which versions."""

    at: datetime
    was: datetime
    now: datetime
    policy_version: int
    calendar_version: int


def recounted(row: DeadlineRow, events: Iterable[StoredEvent]) -> list[Recounted]:
    """Every move of this deadline by newer versions, oldest first, from the log."""
    found: list[Recounted] = []
    for event in events:
        if event.type != "deadlines_moved":
            continue
        body = event.values()
        for moved in msgspec.convert(body["moved"], list[dict[str, str | int | bool]]):
            if (moved["target"], moved["episode"]) == (row.target, row.episode):
                was, now = (datetime.fromisoformat(str(moved[name])) for name in ("from", "to"))
                versions = (int(str(body["policy_version"])), int(str(body["calendar_version"])))
                found.append(Recounted(event.at, was, now, *versions))
    return found


def steps_of(
    row: DeadlineRow,
    office: Office,
    language: str,
    ticket: Ticket | None = None,
    events: Iterable[StoredEvent] = (),
) -> list[str]:
    """The computation of ``due_at``: the amount counted by the calendar, then what moved it.

    ``ticket`` says how long a clock that stands may stand; ``events`` what dates it had under older versions.
    """

    def words(msgid: str, **values: object) -> str:
        return translate(language, msgid, **values)

    def at(when: datetime) -> str:
        return moment(when, office.time_zone, language)

    pauses = pauses_that_count(row)
    moved = bool(row.granted_days or pauses or row.paused_at)
    steps = _counted(row, office, language, ends=not moved)
    if row.granted_days:
        steps.append(words("{n} further working days were granted", n=row.granted_days))
    calendar = calendar_of(office, row.calendar_version)
    for start, end in pauses:
        if row.measure in CALENDAR_MEASURES:
            steps.append(words("the clock stood from {start} to {end}", start=at(start), end=at(end)))
            continue
        steps.append(
            words(
                "the clock stood from {start} to {end}: {n} working minutes added",
                start=at(start),
                end=at(end),
                n=calendar.minutes_between(start, end),
            )
        )
    if row.paused_at is not None:
        steps.append(words("the clock has been standing since {moment}", moment=at(row.paused_at)))
        limit = pause_ends_at(office, row, ticket) if ticket is not None else None
        if limit is not None:
            steps.append(
                words("it stands until {moment} at the latest, then it runs again by itself", moment=at(limit))
            )
    if row.pause_over:
        steps.append(words("the question is still open, but the clock may not stand any longer"))
    if moved or row.measure in CALENDAR_MEASURES:
        steps.append(words("due {moment}", moment=at(row.due_at)))
    for move in recounted(row, events):
        steps.append(
            words(
                "counted anew on {moment} by policy {policy} and calendar {calendar}: was {was}, now {now}",
                moment=at(move.at),
                policy=move.policy_version,
                calendar=move.calendar_version,
                was=at(move.was),
                now=at(move.now),
            )
        )
    return steps


def _counted(row: DeadlineRow, office: Office, language: str, *, ends: bool) -> list[str]:
    """The amount from where it is counted; ``ends`` False: what it led to was moved by something else and is not told."""
    begin, zone = counts_from(row), office.time_zone
    steps: list[str] = []
    if row.counted_from is not None:
        received, from_then = (moment(when, zone, language) for when in (row.started_at, begin))
        steps.append(translate(language, "{moment} received", moment=received))
        urgent = any(
            (each.target, each.amount, each.measure, each.priority)
            == (row.target, row.amount, row.measure, Priority.URGENT)
            for each in office.policies[row.policy_version].targets
        )
        steps.append(
            translate(language, "counted from {moment} on, when the case was marked urgent", moment=from_then)
            if urgent
            else translate(language, "counted from {moment} on, when the case went to another unit", moment=from_then)
        )
    if row.measure in CALENDAR_MEASURES:
        started = moment(begin, zone, language)
        if row.measure == "calendar_days":
            text = translate(language, "{n} calendar days from {moment}", n=row.amount, moment=started)
        else:
            amount = amount_text(row.amount, row.measure, language)
            text = translate(
                language, "{amount} from {moment}, by night and on days off too", amount=amount, moment=started
            )
        return [*steps, text]
    calendar = calendar_of(office, row.calendar_version)
    counted = (
        calendar.explain_working_days(begin, row.amount)
        if row.measure == "working_days"
        else calendar.explain_minutes(begin, row.amount)
    )
    for step in counted:
        told_already = step.key is StepKey.RECEIVED and row.counted_from is not None
        if not told_already and (ends or step.key is not StepKey.DUE):
            steps.append(step_text(step, language))
    return steps


def source_of(row: DeadlineRow, office: Office, language: str) -> str:
    """Which rule the deadline stands on: policy version with its legal source, calendar version."""
    policy = office.policies.get(row.policy_version)
    return translate(
        language,
        "Policy {policy}: {source}. Calendar {calendar}.",
        policy=row.policy_version,
        source=policy.legal_source if policy else "",
        calendar=row.calendar_version,
    )
