"""``/admin/kalender/coba``: anybody who is signed in types a moment and an amount and sees the date, and why. Only translate and call."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import Invalid
from complaints_service.i18n import translate
from complaints_service.management.calendar_preview import MOST_DAYS, MOST_MINUTES
from complaints_service.management.calendar_trial_view import MEASURES, Question, answered
from complaints_service.management.simulate_wish import CALENDAR_DRAFT, Choices, calendar_text
from complaints_service.office.store import OfficeStore
from complaints_service.sla.calendar import OutOfReach, WorkingCalendar
from complaints_service.sla.calendar_document import document_from
from complaints_service.sla.targets import calendar_of
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text

ROOT = "/admin/kalender/coba"
_YEARS = (1900, 2500)
_MOST = {
    "working_days": MOST_DAYS,
    "working_minutes": MOST_MINUTES,
    "calendar_days": 3_660,
    "calendar_minutes": 5_270_400,
}


class Given(msgspec.Struct, frozen=True):
    """The fields as they were typed."""

    day: str
    time: str
    amount: str
    measure: str
    calendar: str


@get(ROOT, include_in_schema=False)
async def trial(
    request: PageRequest, viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """The question stands in the address, so that an answer can be sent to somebody else."""
    office = await offices.current(viewer.office.id)
    viewer = msgspec.structs.replace(viewer, office=office)
    language, now = language_of(request), clock.now().astimezone(ZoneInfo(office.time_zone))
    asked = request.query_params
    given = Given(
        day=asked.get("day", now.date().isoformat())[:10],
        time=asked.get("time", f"{now:%H:%M}")[:5],
        amount=asked.get("amount", "3").strip()[:9],
        measure=asked.get("measure", "working_days")[:20],
        calendar=asked.get("calendar", "")[:12],
    )
    choices = Choices(database, viewer, now, language)
    draft = await choices.calendar_draft()
    problems: dict[str, str] = {}
    context: dict[str, object] = {"given": given, "answer": None}
    try:
        calendar = _calendar(given.calendar, draft, viewer, now)
        question = _question(given, calendar.time_zone, problems, language)
        if question is not None:
            context["answer"] = answered(question, calendar, language)
    except Invalid as error:
        problems["calendar"] = field_text(error.problems[0], language)
    except OutOfReach:
        problems["amount"] = translate(language, "This calendar has no open time within reach of this moment.")
    versions = sorted(office.calendars, reverse=True)
    calendars = [("", translate(language, "the calendar that counts now"))]
    if draft is not None:
        calendars.append((CALENDAR_DRAFT, translate(language, "your draft")))
    calendars += [(f"v{version}", translate(language, "version {n}", n=version)) for version in versions]
    context |= {
        "problems": problems,
        "calendars": calendars,
        "measures": [(measure, translate(language, words)) for measure, words in MEASURES.items()],
    }
    return page(request, "management/calendar_trial.html", context, status=422 if problems else 200)


def _calendar(choice: str, draft: str | None, viewer: Viewer, now: datetime) -> WorkingCalendar:
    office = viewer.office
    if choice == CALENDAR_DRAFT and draft is not None:
        text = calendar_text(msgspec.json.decode(draft), office, now)
        return WorkingCalendar.from_document(document_from(msgspec.json.decode(text)))
    number = choice[1:]
    if choice.startswith("v") and number.isascii() and number.isdigit() and int(number) in office.calendars:
        return calendar_of(office, int(number))
    return calendar_of(office)


def _question(given: Given, zone: ZoneInfo, problems: dict[str, str], language: str) -> Question | None:
    """What was asked; None with a problem for each field that is wrong."""
    measure = given.measure if given.measure in MEASURES else "working_days"
    start: datetime | None = None
    try:
        start = datetime.fromisoformat(f"{given.day}T{given.time}").replace(tzinfo=zone).astimezone(UTC)
        if not _YEARS[0] <= start.year <= _YEARS[1]:
            raise ValueError
    except (ValueError, OverflowError):
        problems["day"] = translate(language, "Give a day that exists and a time as HH:MM.")
    amount = int(given.amount) if given.amount.isascii() and given.amount.isdigit() else -1
    if not 0 <= amount <= _MOST[measure]:
        problems["amount"] = translate(language, "Give a whole number from 0 to {most}.", most=_MOST[measure])
    return None if problems or start is None else Question(start, amount, measure)


ROUTES: list[ControllerRouterHandler] = [trial]
