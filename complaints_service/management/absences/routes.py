"""``/admin/ketidakhadiran`` and ``/api/v1/absences``, ``/api/v1/duties``. Only translate and call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from urllib.parse import urlencode

import msgspec
from litestar import Response, delete, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import DomainError, FieldProblem, Invalid, NotFound
from complaints_service.intake.web.routes import json_response
from complaints_service.management.absences import forms, view
from complaints_service.management.absences.bodies import AbsenceBody, DutyAnswer, DutyBody, NewAbsenceAnswer, WhyQuery
from complaints_service.management.absences.model import AbsenceRow, DutyRow, NewAbsence, NewDuty
from complaints_service.management.absences.rules import FARTHEST, LONGEST_NOTE, duty_units, plannable, sees_nothing_of
from complaints_service.management.absences.service import Absences
from complaints_service.management.settings_events import Setting, list_office_events
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.web.bodies import form_fields, read_json, read_query
from complaints_service.web.i18n import language_of
from complaints_service.web.operations import Api, Items
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text

ROOT = "/admin/ketidakhadiran"
WEEK, MONTH = 7, 28


@get(ROOT, include_in_schema=False)
async def absences_page(
    request: PageRequest, viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Who is away and who is on duty, a week or four (``hari``) from a day (``dari``), for the office or a unit (``unit``)."""
    return await _page(request, viewer, Absences(database, offices, clock), clock, database)


@post(ROOT, include_in_schema=False, status_code=303)
async def plan(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Enter an absence or a duty, or take one back (``act``)."""
    absences, words = Absences(database, offices, clock), forms.words_of(await form_fields(request))
    act, zone = words.get("act", ""), writer.office.time_zone
    form = "duty" if act.endswith("duty") else "absence"
    try:
        if act == "absence":
            await absences.add_absence(writer, forms.new_absence(words, zone))
        elif act == "duty":
            await absences.add_duties(writer, forms.new_duties(words, zone))
        elif act == "revoke-absence":
            await absences.revoke_absence(writer, _id(words), _why_in(words))
        elif act == "revoke-duty":
            await absences.revoke_duty(writer, _id(words), _why_in(words))
        else:
            raise Invalid([FieldProblem("/act", "unknown_value", "Please open the page again and use its form.")])
    except Invalid as error:
        language = language_of(request)
        problems = {forms.field_of(form, each.pointer): field_text(each, language) for each in error.problems}
        return await _page(request, writer, absences, clock, database, words, problems, error)
    return Response(
        b"",
        status_code=303,
        media_type="text/plain",
        headers={"Location": f"{ROOT}#{'duties' if form == 'duty' else 'absences'}"},
    )


def _why(request: PageRequest) -> str:
    return _why_in({"why": read_query(request, WhyQuery).why})


def _why_in(words: Mapping[str, str]) -> str:
    why = words.get("why", "").strip()
    if len(why) > LONGEST_NOTE or "\0" in why:
        raise Invalid([FieldProblem("/why", "too_long", "Shorten it to at most {limit}.", {"limit": LONGEST_NOTE})])
    return why


async def _page(
    request: PageRequest,
    viewer: Viewer,
    absences: Absences,
    clock: OfficeClock,
    database: Database,
    words: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
    error: DomainError | None = None,
) -> Response[bytes]:
    office, now, language = viewer.office, clock.now(), language_of(request)
    today = view.today(office, now)
    first, days, unit_id = _asked(request, office, today)
    start, end = view.midnight(first, office.time_zone), view.midnight(first + timedelta(days=days), office.time_zone)
    coming = now + FARTHEST + FARTHEST
    duties = await absences.duties(viewer, start, end)
    away = await absences.all_absences(viewer, start, end)
    whole, units = duty_units(office, viewer.person)
    people = sorted((p for p in office.people.values() if p.active), key=lambda p: (p.name, p.id))
    events = await list_office_events(database, office.id, (Setting.ABSENCE, Setting.DUTY), most=30)

    def address(**changed: object) -> str:
        asked = {"dari": first.isoformat(), "hari": days, "unit": unit_id or ""} | changed
        return f"?{urlencode(asked)}#strip"

    context = {
        "strip": view.strip(office, duties, away, unit_id, first, days, now, language),
        "no_duty": not duties,
        "first": first,
        "days": days,
        "unit_id": unit_id,
        "unit_text": view.unit_name(office, unit_id, language),
        "units": [(unit.id, unit.name) for unit in office.units.values()],
        "previous": address(dari=(first - timedelta(days=days)).isoformat()),
        "following": address(dari=(first + timedelta(days=days)).isoformat()),
        "this_week": address(dari=view.monday(today).isoformat()),
        "week": address(hari=WEEK),
        "month": address(hari=MONTH),
        "absences": view.absence_list(office, viewer.person, await absences.absences(viewer, now, coming), language),
        "duties": view.duty_list(office, viewer.person, await absences.duties(viewer, now, coming), language),
        "mine": [(person.id, person.name) for person in plannable(office, viewer.person)],
        "people": [(person.id, person.name) for person in people],
        "duty_units": [*([("", view.unit_name(office, None, language))] if whole else []), *(
            (unit.id, unit.name) for unit in office.units.values() if unit.id in units
        )],
        "events": view.event_rows(office, viewer.person, events, language),
        "given": words or {},
        "problems": problems or {},
    }  # fmt: skip
    return page(request, "management/absences.html", context, status=error.status if error is not None else 200)


def _asked(request: PageRequest, office: Office, today: date) -> tuple[date, int, int | None]:
    """First day, number of days and unit that the address asks for; what makes no sense is this week of the whole office."""
    asked = request.query_params
    try:
        first = date.fromisoformat(asked.get("dari", ""))
    except ValueError:
        first = view.monday(today)
    if abs((first - today).days) > FARTHEST.days:
        first = view.monday(today)
    unit = asked.get("unit", "")
    unit_id = int(unit) if unit.isascii() and unit.isdecimal() and len(unit) < 10 else None
    days = MONTH if asked.get("hari") == str(MONTH) else WEEK
    return first, days, unit_id if unit_id in office.units else None


@get("/api/v1/absences", summary="Absences", tags=["Absences"], api=Api(gives=Items[AbsenceRow]))
async def list_absences(
    viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Present and coming absences of those whom you may plan, and those in which you stand in. There is never a second page."""
    now = clock.now()
    found = await Absences(database, offices, clock).absences(viewer, now, now + FARTHEST + FARTHEST)
    return json_response(Items(found))


@post(
    "/api/v1/absences",
    status_code=201,
    summary="Enter an absence",
    tags=["Absences"],
    api=Api(reads=AbsenceBody, gives=NewAbsenceAnswer, refuses=(404, 409)),
)
async def add_absence(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """For yourself, or as a superior for people of your units. ``warnings`` may hold ``stand_in_sees_nothing``."""
    body = await read_json(request, AbsenceBody)
    new = NewAbsence(
        person_id=body.person_id,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        stand_in_id=body.stand_in_id,
        why=body.why,
    )
    made = await Absences(database, offices, clock).add_absence(writer, new)
    blind = sees_nothing_of(writer.office, made.stand_in_id, made.person_id)
    warnings = ["stand_in_sees_nothing"] if blind else []
    return json_response(NewAbsenceAnswer(**msgspec.structs.asdict(made), warnings=warnings), status=201)


@delete(
    "/api/v1/absences/{absence_id:int}",
    status_code=204,
    summary="Take an absence back",
    tags=["Absences"],
    api=Api(query=WhyQuery),
)
async def revoke_absence(
    request: PageRequest, absence_id: int, writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> None:
    """404 for one that is not there or not yours to plan. ``?why=`` stands in the history."""
    await Absences(database, offices, clock).revoke_absence(writer, absence_id, _why(request))


@get("/api/v1/duties", summary="Who is on duty", tags=["Absences"], api=Api(gives=Items[DutyAnswer]))
async def list_duties(viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock) -> Response[bytes]:
    """Present and coming duties of the office. There is never a second page."""
    now = clock.now()
    found = await Absences(database, offices, clock).duties(viewer, now, now + FARTHEST + FARTHEST)
    return json_response(Items([_duty(each, viewer.office) for each in found]))


@post(
    "/api/v1/duties",
    status_code=201,
    summary="Enter a duty",
    tags=["Absences"],
    api=Api(reads=DutyBody, gives=DutyAnswer, refuses=(404, 409)),
)
async def add_duty(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """As a superior, for your units; for the whole office as its head or administrator."""
    body = await read_json(request, DutyBody)
    unit = writer.office.unit_by_slug(body.unit) if body.unit is not None else None
    if body.unit is not None and unit is None:
        raise Invalid([FieldProblem("/unit", "unknown_unit", "Choose a unit of the office.")])
    new = NewDuty(
        person_id=body.person_id,
        unit_id=unit.id if unit else None,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        why=body.why,
    )
    [made] = await Absences(database, offices, clock).add_duties(writer, [new])
    return json_response(_duty(made, writer.office), status=201)


@delete(
    "/api/v1/duties/{duty_id:int}",
    status_code=204,
    summary="Take a duty back",
    tags=["Absences"],
    api=Api(query=WhyQuery),
)
async def revoke_duty(
    request: PageRequest, duty_id: int, writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> None:
    """404 for one that is not there or not yours to plan. ``?why=`` stands in the history."""
    await Absences(database, offices, clock).revoke_duty(writer, duty_id, _why(request))


def _duty(row: DutyRow, office: Office) -> DutyAnswer:
    unit = office.units.get(row.unit_id) if row.unit_id is not None else None
    return DutyAnswer(
        id=row.id,
        person_id=row.person_id,
        unit=unit.slug if unit else None,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


def _id(words: dict[str, str]) -> int:
    text = words.get("id", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NotFound
    return int(text)


ROUTES: list[ControllerRouterHandler] = [
    absences_page, plan, list_absences, add_absence, revoke_absence, list_duties, add_duty, revoke_duty,
]  # fmt: skip
