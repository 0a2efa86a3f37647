"""The escalation ladder: when the next rung of a deadline is due. Pure rules over the rows of a policy; ``reach`` says whom it reaches."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.office.model import Office, Rung
from complaints_service.sla.promises import BREACHABLE_TARGETS, COUNTED_TARGETS
from complaints_service.sla.reach import ADDRESS, PERSON, RECEIVER_WORDS, Reached, reach
from complaints_service.sla.targets import (
    CALENDAR_MEASURES,
    calendar_of,
    counts_from,
    due_at,
    pauses_that_count,
    shifted,
)
from complaints_service.tickets.port import DeadlineRow

__all__ = [
    "ADDRESS",
    "BREACHABLE_TARGETS",
    "COUNTED_TARGETS",
    "PERSON",
    "RECEIVER_WORDS",
    "DueRung",
    "Reached",
    "next_rung",
    "reach",
    "rungs_of",
]


class DueRung(msgspec.Struct, frozen=True):
    """A rung with the instant it is due. ``index`` goes on counting while the last rung repeats."""

    rung: Rung
    index: int
    occurrence: int
    due_at: datetime


def rungs_of(office: Office, row: DeadlineRow) -> tuple[Rung, ...]:
    """The rungs of a deadline's target in the policy it was promised under, lowest first."""
    return office.policies[row.policy_version].ladders.get(row.target, ())


def next_rung(office: Office, row: DeadlineRow) -> DueRung | None:
    """The rung to fire next, or None when the ladder has ended (it never does for answer and sign: their top rung repeats).

    Rungs before the due time that would lie before the start (a reminder of a very short target) are passed over.
    """
    rungs = rungs_of(office, row)
    index = row.next_rung
    while index < len(rungs):
        instant = _instant(office, row, rungs, index)
        early = rungs[index].anchor == "half" or (rungs[index].anchor == "due" and rungs[index].offset_amount < 0)
        if not (early and instant <= counts_from(row)):
            return DueRung(rungs[index], index, 0, instant)
        index += 1
    if rungs and rungs[-1].repeats:
        return DueRung(rungs[-1], index, index - len(rungs) + 1, _instant(office, row, rungs, index))
    return None


def _instant(office: Office, row: DeadlineRow, rungs: tuple[Rung, ...], index: int) -> datetime:
    calendar = calendar_of(office, row.calendar_version)
    repeats = max(0, index - len(rungs) + 1)
    position = min(index, len(rungs) - 1)
    rung = rungs[position]
    match rung.anchor:
        case "start":
            instant = shifted(calendar, counts_from(row), rung.offset_amount, rung.offset_measure)
        case "due":
            instant = shifted(calendar, row.due_at, rung.offset_amount, rung.offset_measure)
        case "half":
            instant = _half(office, row)
        case _:
            before = _instant(office, row, rungs, position - 1) if position else row.due_at
            # A rung that comes back always moves on: one that did not would fire without end.
            step = max(1, rung.offset_amount) if rung.repeats else rung.offset_amount
            return shifted(calendar, before, step * (repeats + 1), rung.offset_measure)
    if repeats:
        instant = shifted(calendar, instant, row.amount * repeats, row.measure)
    return instant


def _half(office: Office, row: DeadlineRow) -> datetime:
    """When half of the time is gone that the clock runs; the pauses that are over do not count."""
    begin = counts_from(row)
    if row.pauses == "[]" and row.measure not in CALENDAR_MEASURES:  # nearly all of them, and filing is in a hurry
        calendar = calendar_of(office, row.calendar_version)
        return calendar.add_minutes(begin, calendar.minutes_between(begin, row.due_at) // 2)
    pauses = pauses_that_count(row)
    if row.measure in CALENDAR_MEASURES:
        stood = sum(((end - start) for start, end in pauses), start=begin - begin)
        instant = begin + (row.due_at - begin - stood) / 2
        for start, end in pauses:
            if start < instant:
                instant += end - start
        return instant
    calendar = calendar_of(office, row.calendar_version)
    whole = calendar.minutes_between(begin, row.due_at)
    whole -= sum(calendar.minutes_between(start, end) for start, end in pauses)
    instant = due_at(calendar, begin, max(0, whole) // 2, "working_minutes")
    for start, end in pauses:
        if start < instant:
            instant = calendar.add_minutes(instant, calendar.minutes_between(start, end))
    return instant
