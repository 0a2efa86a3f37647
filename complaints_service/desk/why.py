"""Why this date? How a deadline of a ticket came about, step by step, in words (D3). Pure."""

from __future__ import annotations

from datetime import datetime

from complaints_service.desk.words import TARGETS
from complaints_service.i18n import moment, translate
from complaints_service.office.model import Office
from complaints_service.sla.calendar_steps import StepKey
from complaints_service.sla.calendar_words import step_text
from complaints_service.sla.targets import calendar_of, pauses_of
from complaints_service.tickets.port import DeadlineRow


def steps_of(row: DeadlineRow, office: Office, language: str) -> list[str]:
    """The computation of ``due_at``: the amount counted by the calendar, then what moved it (pauses, granted days)."""

    def words(msgid: str, **values: object) -> str:
        return translate(language, msgid, **values)

    def at(when: datetime) -> str:
        return moment(when, office.time_zone, language)

    calendar = calendar_of(office, row.calendar_version)
    pauses = pauses_of(row)
    moved = bool(row.granted_days or pauses or row.paused_at)
    if row.measure == "calendar_days":
        steps = [words("{n} calendar days from {moment}", n=row.amount, moment=at(row.started_at))]
    else:
        counted = (
            calendar.explain_working_days(row.started_at, row.amount)
            if row.measure == "working_days"
            else calendar.explain_minutes(row.started_at, row.amount)
        )
        steps = [step_text(step, language) for step in counted if not (moved and step.key is StepKey.DUE)]
    if row.granted_days:
        steps.append(words("{n} further working days were granted", n=row.granted_days))
    for start, end in pauses:
        minutes = calendar.minutes_between(start, end)
        steps.append(
            words(
                "the clock stood from {start} to {end}: {n} working minutes added",
                start=at(start),
                end=at(end),
                n=minutes,
            )
        )
    if row.paused_at is not None:
        steps.append(words("the clock has been standing since {moment}", moment=at(row.paused_at)))
    if moved or row.measure == "calendar_days":
        steps.append(words("due {moment}", moment=at(row.due_at)))
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


def target_name(target: str, language: str) -> str:
    """The deadline's name."""
    return translate(language, TARGETS[target])
