"""``/admin/simulasi``: choose what to play, watch it run, read the result. Only translate and call."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import FieldProblem, Invalid, NotFound, Refused
from complaints_service.i18n import translate
from complaints_service.management.policies.drafts import Drafts
from complaints_service.management.simulate_answer import numbers_of
from complaints_service.management.simulate_view import ResultView, subject_rows
from complaints_service.management.simulate_wish import CALENDAR_DRAFT, Choices, Subject, sight_of
from complaints_service.office.model import Role
from complaints_service.office.store import OfficeStore
from complaints_service.sla.simulation_board import Job, State
from complaints_service.sla.simulation_jobs import SimulationJobs
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text

ROOT = "/admin/simulasi"
_USUAL_DAYS = 90
_FIELDS = {"from": "first", "to": "last", "policy": "policy", "calendar": "calendar", "unit": "unit"}


@get(ROOT, include_in_schema=False)
async def simulation_form(
    request: PageRequest, viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """What to play; ``?draft=12`` has chosen a draft of a policy, ``?calendar=d`` the viewer's draft of the calendar."""
    viewer = await _fresh(viewer, offices)
    today = clock.now().astimezone(ZoneInfo(viewer.office.time_zone)).date()
    asked = request.query_params
    draft = asked.get("draft", "")
    subject = Subject(
        first=asked.get("from", (today - timedelta(days=_USUAL_DAYS)).isoformat())[:10],
        last=asked.get("to", today.isoformat())[:10],
        policy=f"d{draft}"[:12] if draft else asked.get("policy", "")[:12],
        calendar=asked.get("calendar", "")[:12],
        unit=asked.get("unit", "")[:100],
    )
    return await _form(request, viewer, database, clock, subject)


@post(ROOT, include_in_schema=False, status_code=303)
async def start_simulation(
    request: PageRequest,
    writer: Viewer,
    database: Database,
    offices: OfficeStore,
    simulations: SimulationJobs,
    clock: OfficeClock,
) -> Response[bytes]:
    """Begin, and show how it goes."""
    viewer, language = await _fresh(writer, offices), language_of(request)
    given = await form_fields(request)
    values = {name: str(given.get(field, ""))[:100] for field, name in _FIELDS.items()}
    subject = Subject(**values)
    try:
        for name in ("from", "to"):
            _whole_day(values[_FIELDS[name]], name)
        wanted = await Choices(database, viewer, clock.now(), language).wanted(subject)
        told = msgspec.json.encode(wanted.subject).decode()
        job = await simulations.start(viewer.office, wanted.sight, wanted.asked, told)
    except Invalid as error:
        problems = {p.pointer.strip("/"): field_text(p, language) for p in error.problems}
        return await _form(request, viewer, database, clock, subject, problems, status=422)
    except Refused as error:
        refusal = translate(language, error.detail)
        return await _form(request, viewer, database, clock, subject, refusal=refusal, status=409)
    return _see_other(f"{ROOT}/{job.id}")


@get(ROOT + "/{job_id:str}", include_in_schema=False)
async def simulation_page(
    request: PageRequest,
    job_id: str,
    viewer: Viewer,
    database: Database,
    offices: OfficeStore,
    simulations: SimulationJobs,
) -> Response[bytes]:
    """How a run stands, or its result. The page asks again by itself, with and without script."""
    viewer, language = await _fresh(viewer, offices), language_of(request)
    job = await simulations.look(viewer.office, viewer.person.id, job_id)
    if job is None:
        return page(request, "management/simulation.html", {"job": None, "again": ROOT}, status=404)
    if job.subject == "{}":
        raise NotFound  # begun by a program, which knows itself what it asked
    subject = msgspec.json.decode(job.subject, type=Subject)
    context: dict[str, object] = {
        "job": job,
        "running": job.state is State.RUNNING,
        "subject": subject_rows(subject, viewer.office, language),
        "again": _again(subject),
        "problem": translate(language, job.problem) if job.problem else "",
        "percent": job.done * 100 // job.total if job.total else 0,
    }
    if job.result is not None:
        numbers = await numbers_of(database, viewer.office, sight_of(viewer), job.result.movers)
        context |= ResultView(job.result, viewer.office, language).context(numbers)
    return page(request, "management/simulation.html", context)


@post(ROOT + "/{job_id:str}/henti", include_in_schema=False, status_code=303)
async def stop_simulation(job_id: str, writer: Viewer, simulations: SimulationJobs) -> Response[bytes]:
    """Give the run up."""
    writer.require(Role.ADMIN)
    job: Job | None = await simulations.look(writer.office, writer.person.id, job_id)
    if job is None:
        raise NotFound
    await simulations.stop(writer.office, writer.person.id, job_id)
    return _see_other(f"{ROOT}/{job_id}")


async def _fresh(viewer: Viewer, offices: OfficeStore) -> Viewer:
    """The viewer, an administrator, with the office as it is now: a version just published can be chosen at once."""
    viewer.require(Role.ADMIN)
    await offices.refresh()
    return msgspec.structs.replace(viewer, office=await offices.current(viewer.office.id))


async def _form(
    request: PageRequest,
    viewer: Viewer,
    database: Database,
    clock: OfficeClock,
    subject: Subject,
    problems: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> Response[bytes]:
    office, language = viewer.office, language_of(request)

    def words(msgid: str, **values: object) -> str:
        return translate(language, msgid, **values)

    choices = Choices(database, viewer, clock.now(), language)
    policies = [("", words("each case's own"))]
    policies += [
        (f"d{draft.id}", words("draft “{name}”", name=draft.name)) for draft in await Drafts(database).all(viewer)
    ]
    policies += [
        (
            f"v{version}",
            words("version {n} (taken back)" if office.policies[version].withdrawn else "version {n}", n=version),
        )
        for version in sorted(office.policies, reverse=True)
    ]
    calendars = [("", words("each case's own"))]
    if await choices.calendar_draft() is not None:
        calendars.append((CALENDAR_DRAFT, words("your draft")))
    calendars += [
        (f"v{version}", words("version {n}", n=version)) for version in sorted(office.calendars, reverse=True)
    ]
    units = [("", words("all units"))]
    units += [(unit.slug, unit.name) for unit in office.units.values() if unit.id in viewer.unit_ids]
    context = {
        "subject": subject,
        "policies": policies,
        "calendars": calendars,
        "units": units,
        "problems": problems or {},
        "refusal": refusal,
    }
    return page(request, "management/simulate.html", context, status=status)


def _whole_day(text: str, name: str) -> None:
    """The form takes days only. Raises Invalid."""
    try:
        date.fromisoformat(text)
    except ValueError:
        problem = FieldProblem(f"/{name}", "bad_date", "Give a day that exists, as YYYY-MM-DD.")
        raise Invalid([problem]) from None


def _again(subject: Subject) -> str:
    """The form, filled in as it was."""
    values = {field: getattr(subject, name) for field, name in _FIELDS.items()}
    return f"{ROOT}?{urlencode({field: value for field, value in values.items() if value})}"


def _see_other(address: str) -> Response[bytes]:
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": address})


ROUTES: list[ControllerRouterHandler] = [simulation_form, start_simulation, simulation_page, stop_simulation]
