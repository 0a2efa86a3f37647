"""The steps of a computation and the problems of a calendar in words (catalogue `calendar`)."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date

from complaints_service.errors import FieldProblem
from complaints_service.i18n import translate
from complaints_service.sla.calendar_document import Problem, ProblemCode
from complaints_service.sla.calendar_steps import Step, StepKey

STEP_MESSAGES = {
    StepKey.RECEIVED: "{moment} received",
    StepKey.COUNTS_FROM: "outside working hours: counts as received on {day}",
    StepKey.CLOCK_STARTS: "outside working hours: the clock starts on {moment}",
    StepKey.CLOSED: "{day}: closed, not counted",
    StepKey.CLOSED_DAYS: "{day} to {until}: closed, not counted",
    StepKey.DAY_OFF: "{day}: day off, not counted",
    StepKey.DAYS_OFF: "{day} to {until}: days off, not counted",
    StepKey.WORKING_DAY: "working day {number}: {day}",
    StepKey.WORKING_DAYS: "working days {number} to {last}: {day} to {until}",
    StepKey.MINUTES_OF_DAY: "{day}: {minutes} min of working time, {left} min left",
    StepKey.MINUTES_OF_DAYS: "{day} to {until}: {minutes} min of working time, {left} min left",
    StepKey.DUE: "due {moment}",
}

PROBLEM_MESSAGES = {
    ProblemCode.WRONG_SHAPE: "This is not what a calendar may hold here. Please look at the example.",
    ProblemCode.UNKNOWN_ZONE: "Give a time zone by its IANA name, for example Asia/Jakarta.",
    ProblemCode.BAD_TIME: "Give a time as HH:MM, from 00:00 to 23:59; a period may end at 24:00.",
    ProblemCode.BAD_DATE: "Give a day that exists, as YYYY-MM-DD.",
    ProblemCode.END_NOT_AFTER_START: "The period must end after it starts.",
    ProblemCode.END_BEFORE_START: "The last day must not come before the first.",
    ProblemCode.OVERLAPPING_PERIODS: "This period overlaps another one of the same day.",
    ProblemCode.OVERLAPPING_SPECIALS: "These days overlap another special period.",
    ProblemCode.DATE_TWICE: "This day already has hours of its own.",
    ProblemCode.NEVER_OPEN: "This calendar is never open from {from} to {to}. Please add working hours.",
}


def step_text(step: Step, language: str) -> str:
    """The step as a person reads it: "hari kerja ke-1 Rabu 25 Nov", "due Friday 27 Nov 16:30"."""
    values = dict(step.values)
    with_year = values.get("years") == "shown"
    for name in ("day", "until"):
        if name in values:
            values[name] = _day(values[name], language, with_year=with_year)
    if "time" in values:
        clock = values["time"].replace(":", ".") if language == "id" else values["time"]
        values["moment"] = f"{values['day']} {clock}"
    return translate(language, STEP_MESSAGES[step.key], **values)


def field_problem(problem: Problem, at: str = "") -> FieldProblem:
    """The problem in the answer to a request whose calendar stands at the JSON pointer `at`."""
    values: dict[str, object] = {}
    if problem.code is ProblemCode.NEVER_OPEN:  # our own dates; what was sent is never repeated
        values |= problem.values
    return FieldProblem(at + problem.pointer, problem.code.value, PROBLEM_MESSAGES[problem.code], values)


def _day(iso: str, language: str, *, with_year: bool) -> str:
    locale = "id_ID" if language == "id" else "en_GB"
    return format_date(date.fromisoformat(iso), "EEEE d MMM y" if with_year else "EEEE d MMM", locale=locale)
