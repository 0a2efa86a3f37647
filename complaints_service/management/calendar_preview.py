"""``POST /api/v1/calendars/preview``: what a calendar makes of a moment, with the steps (API.md)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from complaints_service.accounts.model import Viewer
from complaints_service.errors import FieldProblem, Invalid
from complaints_service.intake.web.routes import json_response
from complaints_service.sla.calendar import OutOfReach, WorkingCalendar, validate
from complaints_service.sla.calendar_document import CalendarError, document_from
from complaints_service.sla.calendar_steps import Step
from complaints_service.sla.calendar_words import field_problem, step_text
from complaints_service.sla.targets import calendar_of
from complaints_service.web.bodies import document_in, read_json
from complaints_service.web.i18n import language_of
from complaints_service.web.operations import CALENDAR_OR_NULL, Api, null
from complaints_service.web.pages import PageRequest

# Ten years of working days, in days and in minutes of an eight-hour day.
MOST_DAYS = 2_600
MOST_MINUTES = MOST_DAYS * 480


# Years from which every reach of a calendar (52 years) stays within the calendars that dates know.
_YEARS = (60, 9_900)


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either working minutes or whole working days."""

    working_minutes: Annotated[int, Meta(ge=0, le=MOST_MINUTES)] | None = None
    working_days: Annotated[int, Meta(ge=0, le=MOST_DAYS)] | None = None


class PreviewBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A calendar (None: the office's own) with a start and either an amount to add or an end to measure to."""

    start: Annotated[datetime, Meta(tz=True)]
    calendar: CALENDAR_OR_NULL = msgspec.field(default_factory=null)
    add: Amount | None = None
    end: Annotated[datetime, Meta(tz=True)] | None = None


class StepLine(msgspec.Struct, frozen=True):
    """One step of the computation."""

    at: datetime
    text: str


class Measured(msgspec.Struct, frozen=True):
    """Open minutes between two moments."""

    working_minutes: int


class Due(msgspec.Struct, frozen=True):
    """When the amount is reached, and why."""

    due_at: datetime
    steps: list[StepLine]


@post(
    "/api/v1/calendars/preview",
    status_code=200,
    summary="Try a calendar",
    api=Api(reads=PreviewBody, gives=(Due, Measured)),
)
async def preview(request: PageRequest, viewer: Viewer) -> Response[bytes]:
    """Any signed-in person may ask; nothing is stored."""
    body = await read_json(request, PreviewBody)
    if (body.add is None) == (body.end is None):
        raise Invalid([FieldProblem("/add", "add_or_end", "Send either add or end.")])
    calendar = _calendar(body, viewer)
    try:
        if body.end is not None:
            if body.end < body.start:
                raise Invalid([FieldProblem("/end", "before_start", "The end lies before the start.")])
            return json_response(Measured(calendar.minutes_between(body.start, body.end)))
        due_at, steps = _added(calendar, body)
    except OutOfReach as error:
        raise Invalid([_beyond(body)]) from error
    language = language_of(request)
    return json_response(Due(due_at, [StepLine(step.at, step_text(step, language)) for step in steps]))


def _beyond(body: PreviewBody) -> FieldProblem:
    """What led out of reach: a moment where no calendar is counted, an end that lies too far away, else the calendar itself."""
    for pointer, at in (("/start", body.start), ("/end", body.end)):
        if at is not None and not _YEARS[0] <= at.year <= _YEARS[1]:
            return FieldProblem(pointer, "too_far", "This day is too far away. Please check the year.")
    if body.end is not None:
        return FieldProblem("/end", "too_far", "This day is too far away. Please check the year.")
    return FieldProblem("/calendar", "never_open", "This calendar has no open time within reach of this moment.")


def _calendar(body: PreviewBody, viewer: Viewer) -> WorkingCalendar:
    raw = document_in(body.calendar)
    if raw is None:
        return calendar_of(viewer.office)
    try:
        document = document_from(raw)
        problems = validate(document, for_saving=False, from_day=date(2000, 1, 1))
        if problems:
            raise CalendarError(problems)
        return WorkingCalendar.from_document(document)
    except CalendarError as error:
        raise Invalid([field_problem(problem, "/calendar") for problem in error.problems]) from error


def _added(calendar: WorkingCalendar, body: PreviewBody) -> tuple[datetime, list[Step]]:
    add = body.add or Amount()
    if (add.working_minutes is None) == (add.working_days is None):
        raise Invalid([FieldProblem("/add", "one_amount", "Send either working_minutes or working_days.")])
    if add.working_days is not None:
        due_at = calendar.add_working_days(body.start, add.working_days)
        return due_at, calendar.explain_working_days(body.start, add.working_days)
    minutes = add.working_minutes or 0
    return calendar.add_minutes(body.start, minutes), calendar.explain_minutes(body.start, minutes)


ROUTES: list[ControllerRouterHandler] = [preview]
