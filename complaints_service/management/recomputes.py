"""What publishing did, or would do, to open tickets: the progress of the work as page and API, and effects before publishing."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import SYSTEM, Database, queries
from complaints_service.errors import FieldProblem, Invalid, Malformed
from complaints_service.intake.web.routes import json_response
from complaints_service.office.model import Office, Role
from complaints_service.office.store import OfficeStore
from complaints_service.sla.calendar import OutOfReach, validate
from complaints_service.sla.calendar_document import CalendarError, document_from
from complaints_service.sla.calendar_words import field_problem as calendar_problem
from complaints_service.sla.effects import OpenEffects, effects_of, with_calendar, with_policy
from complaints_service.sla.policy_check import checked
from complaints_service.sla.policy_document import policy_from
from complaints_service.sla.policy_problems import PolicyError
from complaints_service.sla.policy_problems import field_problem as policy_problem
from complaints_service.web.bodies import read_json
from complaints_service.web.i18n import language_of
from complaints_service.web.operations import CALENDAR, POLICY, Api
from complaints_service.web.pages import PageRequest, page

MOST_SHOWN = 20
PAGE = "/admin/hitung-ulang"


class Recompute(msgspec.Struct, frozen=True, kw_only=True):
    """The work of bringing open tickets to a version. ``cause``: calendar or policy; ``state``: running or done.

    ``looked_at`` of ``total`` tickets so far; the other counts are deadlines. ``due_at``: when it begins.
    """

    id: int
    cause: str
    version: int
    state: str
    looked_at: int
    total: int
    moved: int
    moved_later: int
    breached: int
    made_at: datetime
    due_at: datetime
    ended_at: datetime | None


class RecomputeList(msgspec.Struct, frozen=True):
    """The newest first; there is never a second page."""

    items: list[Recompute]
    next_cursor: str | None = None


class CalendarToTry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``document``: CAL, as for publishing."""

    document: CALENDAR


class PolicyToTry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``policy``: the whole document, as for publishing."""

    policy: POLICY


async def recomputes_of(database: Database, office_id: int, most: int = MOST_SHOWN) -> list[Recompute]:
    """Pieces of work of an office, the newest first."""
    async with database.transaction(SYSTEM) as connection:
        return [
            msgspec.convert(dict(row), Recompute)
            async for row in queries("recompute").pieces(connection, office_id=office_id, most=most)
        ]


@get(
    "/api/v1/recomputes",
    summary="Progress of recomputing open tickets",
    tags=["Policies"],
    api=Api(gives=RecomputeList),
)
async def list_recomputes(viewer: Viewer, database: Database) -> Response[bytes]:
    """What published calendars and policies have done to open tickets so far, the newest first. Administrators only."""
    viewer.require(Role.ADMIN)
    return json_response(RecomputeList(await recomputes_of(database, viewer.office.id)))


@post(
    "/api/v1/calendars/effects",
    status_code=200,
    summary="What a calendar would do",
    tags=["Calendars"],
    api=Api(reads=CalendarToTry, gives=OpenEffects),
)
async def calendar_effects(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """What publishing this calendar for open tickets would do to them; nothing is stored. Administrators only."""
    writer.require(Role.ADMIN)
    body = await read_json(request, CalendarToTry)
    try:
        document = document_from(_json(body.document))
        if problems := validate(document, for_saving=True, from_day=clock.now().date()):
            raise CalendarError(problems)
    except CalendarError as error:
        raise Invalid([calendar_problem(problem, "/document") for problem in error.problems]) from error
    office = await offices.reload(writer.office.id)
    would_be = with_calendar(office, msgspec.json.encode(document).decode())
    return await _effects(database, would_be, clock, writer, "/document")


@post(
    "/api/v1/policies/effects",
    status_code=200,
    summary="What a policy would do",
    tags=["Policies"],
    api=Api(reads=PolicyToTry, gives=OpenEffects),
)
async def policy_effects(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """What publishing this policy for open tickets would do to them now; nothing is stored. Administrators only."""
    writer.require(Role.ADMIN)
    body = await read_json(request, PolicyToTry)
    office, now = await offices.reload(writer.office.id), clock.now()
    try:
        document = checked(_json(body.policy), office, now)
    except PolicyError as error:
        language = language_of(request)
        raise Invalid([policy_problem(problem, language, "/policy") for problem in error.problems]) from error
    return await _effects(database, with_policy(office, policy_from(document, 0), now), clock, writer, "/policy")


async def _effects(
    database: Database, would_be: Office, clock: OfficeClock, writer: Viewer, pointer: str
) -> Response[bytes]:
    try:
        return json_response(await effects_of(database, would_be, clock.now(), writer.scope()))
    except OutOfReach as error:
        raise Invalid(
            [FieldProblem(pointer, "never_open", "An open ticket would never become due under this.")]
        ) from error


def _json(raw: msgspec.Raw) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed("The request is not valid JSON. Check commas, quotes and brackets.", code="not_json") from error


@get(PAGE, include_in_schema=False)
async def recomputes_page(
    request: PageRequest, viewer: Viewer, database: Database, clock: OfficeClock
) -> Response[bytes]:
    """How far the work has come; while it goes on the page renews itself, with and without script."""
    viewer.require(Role.ADMIN)
    found = await recomputes_of(database, viewer.office.id)
    running = any(each.state == "running" and each.due_at <= clock.now() for each in found)
    context = {"pieces": found, "running": running, "now": clock.now()}
    return page(request, "management/recomputes.html", context)


ROUTES: list[ControllerRouterHandler] = [list_recomputes, calendar_effects, policy_effects, recomputes_page]
