"""``POST /api/v1/policies/simulate``: a policy or calendar played over the real history (API.md). Nothing is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, TypeVar

import msgspec
from litestar import Response, delete, get, post
from litestar.types import ControllerRouterHandler, Receive
from msgspec import Meta

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import Invalid, NotFound
from complaints_service.intake.web.routes import json_response
from complaints_service.management.background import accepted, asks_for_async
from complaints_service.management.simulate_answer import JobAnswer, SimulationAnswer, answer_of, job_answer, numbers_of
from complaints_service.management.simulate_wish import Gathered, calendar_text, period, policy_text, sight_of
from complaints_service.office.model import Role
from complaints_service.office.store import OfficeStore
from complaints_service.sla.simulation_board import Job
from complaints_service.sla.simulation_jobs import SimulationJobs
from complaints_service.sla.simulation_result import Result
from complaints_service.sla.simulation_run import Asked, Sight
from complaints_service.web.bodies import document_in, read_json
from complaints_service.web.i18n import language_of
from complaints_service.web.operations import CALENDAR_OR_NULL, POLICY_OR_NULL, PREFER, Api, null
from complaints_service.web.pages import PageRequest

T = TypeVar("T")

# What proxies log for somebody who has hung up; nobody reads the answer.
CLIENT_GONE = 499
SIMULATORS = (Role.HEAD, Role.REGIONAL, Role.ADMIN)
Moment = Annotated[str, Meta(min_length=10, max_length=40)]


class SimulateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tickets received from ``from`` to ``to`` (days of the office, both included, or RFC 3339 moments).

    ``policy``: the document of a policy, ``calendar``: CAL; null: each ticket's own. ``unit``: only what is under this unit.
    """

    first: Moment = msgspec.field(name="from")
    last: Moment = msgspec.field(name="to")
    policy: POLICY_OR_NULL = msgspec.field(default_factory=null)
    calendar: CALENDAR_OR_NULL = msgspec.field(default_factory=null)
    unit: Annotated[str, Meta(max_length=100)] | None = None


@post(
    "/api/v1/policies/simulate",
    status_code=200,
    summary="Play a policy or calendar over the real history",
    api=Api(
        reads=SimulateBody,
        gives=SimulationAnswer,
        also={202: JobAnswer},
        sends=(PREFER,),
        tells=("Location", "Preference-Applied"),
        refuses=(409, 429),
    ),
)
async def simulate(
    request: PageRequest,
    viewer: Viewer,
    simulations: SimulationJobs,
    offices: OfficeStore,
    database: Database,
    clock: OfficeClock,
) -> Response[bytes]:
    """200 with the result; with ``Prefer: respond-async`` (RFC 7240) 202 and where to look for it. 409 while another run goes on."""
    viewer.require(*SIMULATORS)
    body = await read_json(request, SimulateBody)
    viewer = msgspec.structs.replace(viewer, office=await offices.current(viewer.office.id))
    asked, sight = _asked(body, viewer, clock, language_of(request))
    if asks_for_async(request):
        job = await simulations.start(viewer.office, sight, asked)
        return accepted(request, job_answer(job, None, language_of(request)), f"/api/v1/simulations/{job.id}")
    result = await while_connected(request.receive, simulations.at_once(viewer.office, sight, asked))
    if result is None:
        return Response(b"", status_code=CLIENT_GONE, media_type="text/plain")
    return json_response(await _told(result, viewer, sight, database, language_of(request)))


@get(
    "/api/v1/simulations/{job_id:str}",
    summary="How a simulation in the background stands",
    api=Api(gives=JobAnswer),
)
async def simulation(
    request: PageRequest, job_id: str, viewer: Viewer, simulations: SimulationJobs, database: Database
) -> Response[bytes]:
    """Kept for an hour; a run that nobody asks for during a minute is given up. 404 once it is forgotten: start again."""
    viewer.require(*SIMULATORS)
    job = await own_job(simulations, viewer, job_id)
    language, answer = language_of(request), None
    if job.result is not None:
        answer = await _told(job.result, viewer, sight_of(viewer), database, language)
    return json_response(job_answer(job, answer, language))


@delete("/api/v1/simulations/{job_id:str}", status_code=204, summary="Stop a simulation in the background")
async def stop(job_id: str, writer: Viewer, simulations: SimulationJobs) -> None:
    """A run that has ended stays as it is."""
    writer.require(*SIMULATORS)
    await own_job(simulations, writer, job_id)
    await simulations.stop(writer.office, writer.person.id, job_id)


async def while_connected(receive: Receive, work: Coroutine[object, object, T]) -> T | None:
    """What the work gives; it is given up, and None, when the one who asked hangs up meanwhile."""
    working, hung_up = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({working, hung_up}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, hung_up):
            task.cancel()
        await asyncio.gather(working, hung_up, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def own_job(simulations: SimulationJobs, viewer: Viewer, job_id: str) -> Job:
    """The viewer's own run. Raises NotFound for every other."""
    job = await simulations.look(viewer.office, viewer.person.id, job_id)
    if job is None:
        raise NotFound("This simulation is no longer kept. Please start it again.")
    return job


def _asked(body: SimulateBody, viewer: Viewer, clock: OfficeClock, language: str) -> tuple[Asked, Sight]:
    office, now = viewer.office, clock.now()
    gathered = Gathered()
    time_of = gathered.take(lambda: period(body.first, body.last, office))
    sight = gathered.take(lambda: sight_of(viewer, body.unit or ""))
    raw_policy, raw_calendar = document_in(body.policy), document_in(body.calendar)
    policy = calendar = None
    if raw_policy is not None:
        policy = gathered.take(lambda: policy_text(raw_policy, office, now, language))
    if raw_calendar is not None:
        calendar = gathered.take(lambda: calendar_text(raw_calendar, office, now))
    if gathered.problems or time_of is None or sight is None:
        raise Invalid(gathered.problems)
    begin, end = time_of
    return Asked(received_from=begin, received_before=end, policy=policy, calendar=calendar), sight


async def _told(result: Result, viewer: Viewer, sight: Sight, database: Database, language: str) -> SimulationAnswer:
    numbers = await numbers_of(database, viewer.office, sight, result.movers)
    return answer_of(result, viewer.office, numbers, language)


ROUTES: list[ControllerRouterHandler] = [simulate, simulation, stop]
