"""``/api/v1/calendars``: versions to read and to publish. For administrators (token scope ``admin``)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import Invalid
from complaints_service.intake.web.routes import json_response
from complaints_service.management.calendars.model import NewVersion, Version
from complaints_service.management.calendars.routes import calendars_of
from complaints_service.management.settings_events import WHY_FIELD
from complaints_service.office.store import OfficeStore
from complaints_service.sla.calendar_document import CalendarDocument, CalendarError, document_from
from complaints_service.sla.calendar_words import field_problem
from complaints_service.waker import Waker
from complaints_service.web.bodies import document_in, read_json
from complaints_service.web.operations import CALENDAR, Api
from complaints_service.web.pages import PageRequest


class CalendarAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A version. ``created_by``: a person's id, null for the calendar the office began with."""

    version: int
    document: CalendarDocument
    confirmed_through: date
    why: str
    applies_to_open: bool
    created_at: datetime
    created_by: int | None


class CalendarList(msgspec.Struct, frozen=True):
    """Every version, the newest first; there is never a second page."""

    items: list[CalendarAnswer]
    next_cursor: str | None = None


class NewCalendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A calendar to publish: ``document`` is CAL, ``if_version`` the newest version you know of.

    ``confirmed_through``: until when the holidays have been compared with the decree (null: as before). ``applies_to_open``:
    open tickets follow it.
    """

    document: CALENDAR
    why: WHY_FIELD
    if_version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    applies_to_open: bool = True
    confirmed_through: date | None = None


@get(
    "/api/v1/calendars",
    summary="Versions of the calendar",
    tags=["Calendars"],
    api=Api(gives=CalendarList),
)
async def list_versions(
    viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Every version with who, when and why. Administrators only."""
    found = await calendars_of(viewer, database, offices, clock).versions(viewer.office.id)
    return json_response(CalendarList([_answer(each) for each in found]))


@post(
    "/api/v1/calendars",
    status_code=201,
    summary="Publish a calendar",
    tags=["Calendars"],
    api=Api(reads=NewCalendar, gives=CalendarAnswer, refuses=(409, 412)),
)
async def publish(
    request: PageRequest,
    writer: Viewer,
    database: Database,
    offices: OfficeStore,
    clock: OfficeClock,
    waker: Waker,
) -> Response[bytes]:
    """A new version. 422 names every mistake by its place; 412 when another one was published meanwhile; 409 when nothing differs."""
    calendars = calendars_of(writer, database, offices, clock)
    body = await read_json(request, NewCalendar)
    try:
        document = document_from(document_in(body.document))
    except CalendarError as error:
        raise Invalid([field_problem(problem, "/document") for problem in error.problems]) from error
    confirmed = body.confirmed_through or (await calendars.latest(writer.office.id)).confirmed_through
    made = await calendars.publish(
        writer,
        NewVersion(
            document=document,
            confirmed_through=confirmed,
            why=body.why,
            applies_to_open=body.applies_to_open,
            if_version=body.if_version,
        ),
    )
    waker.wake()
    return json_response(_answer(made), status=201)


def _answer(version: Version) -> CalendarAnswer:
    return CalendarAnswer(
        version=version.version,
        document=version.document,
        confirmed_through=version.confirmed_through,
        why=version.why,
        applies_to_open=version.applies_to_open,
        created_at=version.created_at,
        created_by=version.created_by,
    )


ROUTES: list[ControllerRouterHandler] = [list_versions, publish]
