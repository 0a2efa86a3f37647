"""``/admin/kalender``: a year at a glance, the forms that change a draft, review and publishing, versions. Only translate and call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import DomainError, FieldProblem, Invalid, NotFound
from complaints_service.management.calendars import forms, view
from complaints_service.management.calendars.click import day_clicked, opens_by_click
from complaints_service.management.calendars.edit import holiday_differences, in_order, with_taken_over
from complaints_service.management.calendars.model import Draft, Version
from complaints_service.management.calendars.service import Calendars
from complaints_service.management.calendars.year import FIRST_YEAR, LAST_YEAR, listed_holidays
from complaints_service.office.model import Role
from complaints_service.office.store import OfficeStore
from complaints_service.sla.calendar_document import SpecialPeriod, read_hours
from complaints_service.sla.holiday_data import RAMADAN_WEEK
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text

ROOT = "/admin/kalender"


def calendars_of(viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock) -> Calendars:
    """The use cases, for an administrator. Raises Forbidden."""
    viewer.require(Role.ADMIN)
    return Calendars(database, offices, clock)


@get(ROOT, include_in_schema=False)
async def year(
    request: PageRequest, viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """The year of the draft, or of the version that counts, or of the one asked for (``versi``)."""
    asked = request.query_params.get("versi", "")
    calendars = calendars_of(viewer, database, offices, clock)
    old = await calendars.version(viewer.office.id, int(asked)) if asked.isdecimal() and len(asked) < 10 else None
    return await _year_page(request, calendars, viewer, clock, request.query_params.get("tahun"), old)


async def _year_page(
    request: PageRequest,
    calendars: Calendars,
    viewer: Viewer,
    clock: OfficeClock,
    asked: str | None,
    old: Version | None = None,
) -> Response[bytes]:
    language = language_of(request)
    latest, draft = await calendars.latest(viewer.office.id), await calendars.draft(viewer)
    shown = view.as_draft(old) if old is not None else draft or view.as_draft(latest)
    today = view.today_of(shown.document, clock.now())
    number = view.asked_year(asked, today)
    pending = view.change_rows(latest, draft, language) if draft is not None else []
    context = view.year_page(shown, old or latest, number, today, language)
    return page(
        request,
        "management/calendar.html",
        {**context, "version": old or latest, "old": old is not None, "draft": draft, "pending": pending},
    )


@post(ROOT, include_in_schema=False, status_code=303)
async def drop_draft(writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock) -> Response[bytes]:
    """Forget the draft."""
    await calendars_of(writer, database, offices, clock).drop_draft(writer)
    return see_other(ROOT)


@get(ROOT + "/hari", include_in_schema=False)
async def find_day(request: PageRequest, viewer: Viewer) -> Response[bytes]:
    """The form of the day that was chosen by its date (``tanggal``)."""
    viewer.require(Role.ADMIN)
    day = day_in(request.query_params.get("tanggal", ""))
    return see_other(f"{ROOT}/hari/{day.isoformat()}")


@get(ROOT + "/hari/{iso:str}", include_in_schema=False)
async def day_form(
    request: PageRequest, iso: str, viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """What the office does on one day."""
    calendars = calendars_of(viewer, database, offices, clock)
    return _day_page(request, await _held(calendars, viewer), day_in(iso), {}, {})


@post(ROOT + "/hari/{iso:str}", include_in_schema=False, status_code=303)
async def change_day(
    request: PageRequest, iso: str, writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Close it, open it, or let it follow its week; ``act`` click: whatever it is not now, without a form."""
    calendars, day = calendars_of(writer, database, offices, clock), day_in(iso)
    words = forms.words_of(await form_fields(request))
    try:
        if words.get("act") == "click":
            published = (await calendars.latest(writer.office.id)).document
            held = await calendars.change_draft(writer, lambda draft: day_clicked(draft, published, day))
            if "hx-request" in request.headers:
                # The page's script takes the clicked day and the bar of the draft out of it.
                return await _year_page(request, calendars, writer, clock, str(day.year))
            may_click = opens_by_click(read_hours(held.document), day)
            return see_other(f"{ROOT}?tahun={day.year}#h{iso}" if may_click else f"{ROOT}/hari/{iso}")
        await calendars.change_draft(writer, lambda draft: forms.day_changed(draft, day, words))
    except Invalid as error:
        return _day_page(request, await _held(calendars, writer), day, words, problems_of(request, error))
    return see_other(f"{ROOT}?tahun={day.year}#m{day.month}")


@get(ROOT + "/minggu", include_in_schema=False)
async def week_form(
    request: PageRequest, viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Weekly hours, time zone, until when the holidays are confirmed."""
    calendars = calendars_of(viewer, database, offices, clock)
    return _week_page(request, await _held(calendars, viewer), {}, {})


@post(ROOT + "/minggu", include_in_schema=False, status_code=303)
async def change_week(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Change them in the draft."""
    calendars = calendars_of(writer, database, offices, clock)
    words = forms.words_of(await form_fields(request))
    try:
        await calendars.change_draft(writer, lambda draft: forms.week_changed(draft, words))
    except Invalid as error:
        return _week_page(request, await _held(calendars, writer), words, problems_of(request, error))
    return see_other(ROOT)


@get([ROOT + "/khusus", ROOT + "/khusus/{start:str}"], include_in_schema=False)
async def special_form(
    request: PageRequest,
    viewer: Viewer,
    database: Database,
    offices: OfficeStore,
    clock: OfficeClock,
    start: str | None = None,
) -> Response[bytes]:
    """A special period, or the form of another one."""
    calendars = calendars_of(viewer, database, offices, clock)
    return _special_page(request, await _held(calendars, viewer), start, {}, {})


@post([ROOT + "/khusus", ROOT + "/khusus/{start:str}"], include_in_schema=False, status_code=303)
async def change_special(
    request: PageRequest,
    writer: Viewer,
    database: Database,
    offices: OfficeStore,
    clock: OfficeClock,
    start: str | None = None,
) -> Response[bytes]:
    """Add it, change it, take it away."""
    calendars = calendars_of(writer, database, offices, clock)
    words = forms.words_of(await form_fields(request))
    held = await _held(calendars, writer)
    if start is not None:
        _special_of(held, start)
    try:
        await calendars.change_draft(writer, lambda draft: forms.special_changed(draft, start, words))
    except Invalid as error:
        return _special_page(request, held, start, words, problems_of(request, error))
    return see_other(f"{ROOT}#specials")


@get(ROOT + "/libur", include_in_schema=False)
async def holidays_form(
    request: PageRequest, viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Where the national list and the calendar differ."""
    calendars = calendars_of(viewer, database, offices, clock)
    return await _holidays_page(request, calendars, viewer, clock)


@post(ROOT + "/libur", include_in_schema=False, status_code=303)
async def take_over_holidays(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Take over the national list's word on the chosen days (``day``), or on all (``all``)."""
    calendars = calendars_of(writer, database, offices, clock)
    fields = await form_fields(request)
    number = view.asked_year(str(fields.get("year", "")), clock.now().date())
    chosen = {str(value) for value in fields.getall("day", [])}

    def take_over(draft: Draft) -> Draft:
        found = holiday_differences(draft.document, listed_holidays(number).values(), number)
        days = {each.day.isoformat() for each in found if each.listed} if "all" in fields else chosen
        return msgspec.structs.replace(draft, document=with_taken_over(draft.document, found, days))

    if not chosen and "all" not in fields:
        words = field_text(FieldProblem("/day", "required", "Choose at least one day."), language_of(request))
        return await _holidays_page(request, calendars, writer, clock, number, {"day": words})
    await calendars.change_draft(writer, take_over)
    return see_other(f"{ROOT}?tahun={number}")


async def _holidays_page(
    request: PageRequest,
    calendars: Calendars,
    viewer: Viewer,
    clock: OfficeClock,
    number: int | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response[bytes]:
    held = await _held(calendars, viewer)
    today = view.today_of(held.document, clock.now())
    asked = number or view.asked_year(request.query_params.get("tahun"), today)
    found = holiday_differences(held.document, listed_holidays(asked).values(), asked)
    context = view.holidays_page(found, asked, language_of(request))
    years = sorted({*range(today.year, today.year + 3), asked})
    return page(
        request,
        "management/calendar_holidays.html",
        {**context, "years": years, "problems": problems or {}},
        status=422 if problems else 200,
    )


async def _held(calendars: Calendars, viewer: Viewer) -> Draft:
    """The draft, or what one would begin from."""
    draft = await calendars.draft(viewer)
    return draft if draft is not None else view.as_draft(await calendars.latest(viewer.office.id))


def _day_page(
    request: PageRequest, held: Draft, day: date, words: Mapping[str, str], problems: Mapping[str, str]
) -> Response[bytes]:
    context = view.day_page(held, day, words, language_of(request))
    return _form(request, "management/calendar_day.html", context, problems)


def _week_page(
    request: PageRequest, held: Draft, words: Mapping[str, str], problems: Mapping[str, str]
) -> Response[bytes]:
    context = view.week_page(held, words, language_of(request))
    return _form(request, "management/calendar_week.html", context, problems)


def _special_page(
    request: PageRequest, held: Draft, start: str | None, words: Mapping[str, str], problems: Mapping[str, str]
) -> Response[bytes]:
    special = SpecialPeriod("", "", RAMADAN_WEEK) if start is None else _special_of(held, start)
    context = view.special_page(special, words, language_of(request))
    return _form(request, "management/calendar_special.html", {**context, "start": start}, problems)


def _special_of(held: Draft, start: str) -> SpecialPeriod:
    found = next((each for each in in_order(held.document).special if each.first == start), None)
    if found is None:
        raise NotFound
    return found


def _form(
    request: PageRequest, template: str, context: Mapping[str, object], problems: Mapping[str, str]
) -> Response[bytes]:
    return page(request, template, {**context, "problems": problems}, status=422 if problems else 200)


def problems_of(request: PageRequest, error: DomainError) -> dict[str, str]:
    """The field problems in the reader's language, by field; one without a field stands under ``form``."""
    language = language_of(request)
    if not isinstance(error, Invalid):
        return {"form": field_text(FieldProblem("", error.code, error.detail or error.title, error.values), language)}
    return {problem.pointer.strip("/") or "form": field_text(problem, language) for problem in error.problems}


def day_in(text: str) -> date:
    """The day of an address. Raises NotFound for what is none, or outside the years that pages show."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotFound from None
    if len(text) != 10 or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise NotFound
    return day


def see_other(address: str) -> Response[bytes]:
    """303 to a page of our own."""
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": address})


ROUTES: list[ControllerRouterHandler] = [
    year, drop_draft, find_day, day_form, change_day, week_form, change_week, special_form, change_special, holidays_form,
    take_over_holidays,
]  # fmt: skip
