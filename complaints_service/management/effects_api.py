"""``POST /api/v1/calendars/effects`` and ``/api/v1/policies/effects``: what a document would do to open tickets, before it is published.

Counted as the pages count it: few at once, many in the background, where whoever asked looks after the run.
"""

from __future__ import annotations

import msgspec
from litestar import Response, delete, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import Invalid, NotFound
from complaints_service.i18n import translate
from complaints_service.intake.web.routes import json_response
from complaints_service.management.background import accepted, asks_for_async
from complaints_service.management.calendars.routes import calendars_of
from complaints_service.management.effects_count import few, untold
from complaints_service.management.policies.service import Policies
from complaints_service.office.model import Role
from complaints_service.office.store import OfficeStore
from complaints_service.sla.calendar_document import CalendarError, document_from
from complaints_service.sla.calendar_words import field_problem as calendar_problem
from complaints_service.sla.effects import OpenEffects, open_tickets, with_policy
from complaints_service.sla.policy_check import checked
from complaints_service.sla.policy_document import policy_from
from complaints_service.sla.policy_problems import PolicyError
from complaints_service.sla.policy_problems import field_problem as policy_problem
from complaints_service.sla.simulation_board import Job, Kind, State
from complaints_service.sla.simulation_jobs import EffectsWork, SimulationJobs
from complaints_service.web.bodies import document_in, read_json
from complaints_service.web.i18n import language_of
from complaints_service.web.operations import CALENDAR, POLICY, PREFER, Api
from complaints_service.web.pages import PageRequest

PLACE = "/api/v1/effects/{job_id:str}"
# Of no draft: no page takes up a run that the API has begun.
_SUBJECT = "api"


class CalendarToTry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``document``: CAL, as for publishing."""

    document: CALENDAR


class PolicyToTry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``policy``: the whole document, as for publishing."""

    policy: POLICY


class EffectsRun(msgspec.Struct, frozen=True, kw_only=True):
    """How a count in the background stands: ``done`` of ``total`` open tickets; ``result`` once it is done."""

    id: str
    state: State
    done: int
    total: int
    problem: str | None = None
    result: OpenEffects | None = None


@post(
    "/api/v1/calendars/effects",
    status_code=200,
    summary="What a calendar would do",
    tags=["Calendars"],
    api=Api(
        reads=CalendarToTry,
        gives=OpenEffects,
        also={202: EffectsRun},
        sends=(PREFER,),
        tells=("Location", "Preference-Applied"),
    ),
)
async def calendar_effects(
    request: PageRequest,
    writer: Viewer,
    database: Database,
    offices: OfficeStore,
    clock: OfficeClock,
    simulations: SimulationJobs,
) -> Response[bytes]:
    """What publishing this calendar for open tickets would do to them; nothing is stored. Administrators only.

    200 with the counts; 202 and where to look for them when there are many open tickets, or with ``Prefer: respond-async`` (RFC 7240).
    """
    calendars = calendars_of(writer, database, offices, clock)
    body = await read_json(request, CalendarToTry)
    try:
        document = document_from(document_in(body.document))
    except CalendarError as error:
        raise Invalid([calendar_problem(problem, "/document") for problem in error.problems]) from error
    calendars.check(document)
    return await _counted(
        request, writer, database, simulations, lambda progress: calendars.effects(writer, document, progress)
    )


@post(
    "/api/v1/policies/effects",
    status_code=200,
    summary="What a policy would do",
    tags=["Policies"],
    api=Api(
        reads=PolicyToTry,
        gives=OpenEffects,
        also={202: EffectsRun},
        sends=(PREFER,),
        tells=("Location", "Preference-Applied"),
    ),
)
async def policy_effects(
    request: PageRequest,
    writer: Viewer,
    database: Database,
    policies: Policies,
    clock: OfficeClock,
    simulations: SimulationJobs,
) -> Response[bytes]:
    """What publishing this policy for open tickets would do to them now; nothing is stored. Administrators only.

    200 with the counts; 202 and where to look for them when there are many open tickets, or with ``Prefer: respond-async`` (RFC 7240).
    """
    writer.require(Role.ADMIN)
    body = await read_json(request, PolicyToTry)
    office, now = await policies.fresh(writer), clock.now()
    try:
        document = checked(document_in(body.policy), office, now)
    except PolicyError as error:
        language = language_of(request)
        raise Invalid([policy_problem(problem, language, "/policy") for problem in error.problems]) from error
    would_be = with_policy(office, policy_from(document, 0), now)
    return await _counted(
        request,
        writer,
        database,
        simulations,
        lambda progress: policies.effects(writer, would_be, now, progress, "/policy"),
    )


@get(PLACE, summary="How a count of effects stands", tags=["Policies"], api=Api(gives=EffectsRun))
async def effects_run(
    request: PageRequest, job_id: str, viewer: Viewer, simulations: SimulationJobs
) -> Response[bytes]:
    """Kept for an hour; a run that nobody asks for during a minute is given up. 404 once it is forgotten: start again."""
    viewer.require(Role.ADMIN)
    return json_response(_answer(await _own(simulations, viewer, job_id), language_of(request)))


@delete(PLACE, status_code=204, summary="Stop a count of effects", tags=["Policies"])
async def stop(job_id: str, writer: Viewer, simulations: SimulationJobs) -> None:
    """A run that has ended stays as it is."""
    writer.require(Role.ADMIN)
    job = await _own(simulations, writer, job_id)
    await simulations.stop(writer.office, writer.person.id, job.id)


async def _counted(
    request: PageRequest, writer: Viewer, database: Database, simulations: SimulationJobs, work: EffectsWork
) -> Response[bytes]:
    if few(await open_tickets(database, writer.office.id)) and not asks_for_async(request):
        return json_response(await work(untold))
    job = await simulations.start_effects(writer.office, writer.person.id, _SUBJECT, work)
    return accepted(request, _answer(job, language_of(request)), PLACE.replace("{job_id:str}", job.id))


async def _own(simulations: SimulationJobs, viewer: Viewer, job_id: str) -> Job:
    job = await simulations.look(viewer.office, viewer.person.id, job_id, Kind.EFFECTS)
    if job is None:
        raise NotFound("This count is no longer kept. Please start it again.")
    return job


def _answer(job: Job, language: str) -> EffectsRun:
    problem = translate(language, job.problem) if job.problem else None
    return EffectsRun(id=job.id, state=job.state, done=job.done, total=job.total, problem=problem, result=job.effects)


ROUTES: list[ControllerRouterHandler] = [calendar_effects, policy_effects, effects_run, stop]
