"""The desk's pages: queue, one ticket, the deeds' forms, filing for a person. Only translate and call services."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.desk.api import OFFICERS
from complaints_service.desk.calls import ROUTES as CALLS
from complaints_service.desk.calls import call_rows
from complaints_service.desk.deeds import Kept
from complaints_service.desk.filing_form import FilingForm, blank, complaint_of
from complaints_service.desk.filing_form import filing_page as filing_context
from complaints_service.desk.held import MOST_SHOWN
from complaints_service.desk.held import ROUTES as HELD
from complaints_service.desk.queue_filters import asked_from, filters_of
from complaints_service.desk.queue_view import queue_page
from complaints_service.desk.ticket_view import ticket_page
from complaints_service.desk.trouble import Tried, Trouble
from complaints_service.desk.why import target_name
from complaints_service.errors import DomainError, Invalid, Refused, Stale
from complaints_service.guidance.service import may_edit
from complaints_service.i18n import translate
from complaints_service.intake.kiosk.service import Kiosk
from complaints_service.intake.service import Intake
from complaints_service.settings import Settings
from complaints_service.tickets.filed import FilingKey
from complaints_service.tickets.numbers import NUMBER
from complaints_service.tickets.reading import TicketReader
from complaints_service.tickets.service import Tickets
from complaints_service.tickets.transitions import BY_COMMAND
from complaints_service.web.bodies import form_fields
from complaints_service.web.command_forms import Given, read_form, to_command
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text

ON_A_PAGE = 50


@get("/desk", include_in_schema=False)
async def queue(request: PageRequest, viewer: Viewer, reader: TicketReader, kiosk: Kiosk) -> Response[bytes]:
    """Tickets in the person's scope by next breach, narrowed by the query."""
    query = {name: value for name, value in request.query_params.items() if isinstance(value, str)}
    asked = asked_from(query, viewer.office)
    filters, cursor = filters_of(asked, viewer.office, viewer.person), query.get("cursor", "")
    found = await reader.queue(viewer.scope(), viewer.office, viewer.person, filters, cursor or None, ON_A_PAGE)
    language = language_of(request)
    handed, event = query.get("handed", ""), query.get("event", "")
    context = queue_page(found, asked, viewer.office, viewer.person, cursor, language)
    context["handed"] = handed if NUMBER.fullmatch(handed) and event.isdigit() else ""
    context["event"] = event
    context["held"] = await reader.held_count(viewer.scope(), viewer.office, viewer.person, MOST_SHOWN)
    context["may_guide"] = may_edit(viewer.office, viewer.person)
    context["calls"] = call_rows(await kiosk.calls.open(viewer.office), viewer.office)
    return page(request, "desk/queue.html", context)


@get("/desk/t/{number:str}", include_in_schema=False)
async def ticket(request: PageRequest, number: str, viewer: Viewer, reader: TicketReader) -> Response[bytes]:
    """One ticket with what may be done now."""
    file = await reader.file_of(viewer.scope(), viewer.office, number, viewer.person)
    taken = "ok" in request.query_params
    return page(request, "desk/ticket.html", ticket_page(file, viewer, language_of(request), taken=taken))


@get(["/desk/t/{number:str}/perintah", "/desk/t/{number:str}/pelapor"], include_in_schema=False)
async def back_to_ticket(number: str, viewer: Viewer) -> Response[bytes]:
    """Where somebody arrives whose session had ended when a form was sent, after signing in again: at the form."""
    return _see_other(f"/desk/t/{number}" if NUMBER.fullmatch(number) else "/desk")


@post("/desk/t/{number:str}/pelapor", include_in_schema=False, status_code=200)
async def look(request: PageRequest, number: str, writer: Viewer, reader: TicketReader) -> Response[bytes]:
    """The same page with the reporter's personal data; the look is on record before anything is shown."""
    seen = await reader.look_at_reporter(writer.scope(), writer.office, number, writer.person)
    file = await reader.file_of(writer.scope(), writer.office, number, writer.person)
    return page(request, "desk/ticket.html", ticket_page(file, writer, language_of(request), reporter=seen))


@post("/desk/t/{number:str}/perintah", include_in_schema=False, status_code=303)
async def deed(
    request: PageRequest, number: str, writer: Viewer, tickets: Tickets, reader: TicketReader
) -> Response[bytes]:
    """A form of the ticket's page. When it cannot be done, the page comes back with what has changed and with every word written."""
    given = read_form(dict(await form_fields(request)))
    try:
        command = to_command(given)
        acted = await tickets.act(writer.office, number, command, writer.actor(), writer.scope(), _expected(given))
    except (Stale, Refused, Invalid) as error:
        language = language_of(request)
        file = await reader.file_of(writer.scope(), writer.office, number, writer.person)
        context = ticket_page(file, writer, language, tried=_tried(given, error, language))
        return page(request, "desk/ticket.html", context, status=error.status)
    if acted.ticket.unit_id not in writer.unit_ids:
        return _see_other(f"/desk?handed={acted.ticket.number}&event={acted.ticket.seq}")
    return _see_other(f"/desk/t/{acted.ticket.number}?ok")


@get("/desk/baru", include_in_schema=False)
async def filing(request: PageRequest, viewer: Viewer) -> Response[bytes]:
    """The form in which an officer files for a person."""
    viewer.require(*OFFICERS)
    return page(request, "desk/file.html", filing_context(blank(), {}, viewer.office, language_of(request)))


@post("/desk/baru", include_in_schema=False, status_code=201)
async def file_for_person(
    request: PageRequest, writer: Viewer, intake: Intake, clock: OfficeClock, settings: Settings
) -> Response[bytes]:
    """Number, code and dates for the person; the form's own id makes a second sending the same ticket."""
    writer.require(*OFFICERS)
    form = FilingForm.read(dict(await form_fields(request)))
    language = language_of(request)
    try:
        complaint = complaint_of(form, writer.office, clock.now(), writer.person.id)
        key = FilingKey(f"person:{writer.person.id}", form.form_id, form.content())
        filed = await intake.file_complaint(writer.office, complaint, key)
    except Invalid as error:
        problems = {p.pointer.strip("/").replace("/", "."): field_text(p, language) for p in error.problems}
        context = filing_context(form, problems, writer.office, language)
        return page(request, "desk/file.html", context, status=error.status)
    deadlines = [
        {"name": target_name(d.target, language), "due_at": d.due_at}
        for d in sorted(filed.deadlines, key=lambda d: d.due_at)
    ]
    return page(
        request, "desk/filed.html", {"filed": filed, "deadlines": deadlines, "base_url": settings.base_url}, status=201
    )


def _expected(given: Given) -> int | None:
    """The version that must still hold; none for what changes nothing that others act on (a note), nor for undo (it has its own check)."""
    transition = BY_COMMAND.get(given.command)
    return given.version if transition is not None and transition.acts and given.command != "undo" else None


def _tried(given: Given, error: DomainError, language: str) -> Tried:
    problems: dict[str, str] = {}
    if isinstance(error, Invalid):
        problems = {p.pointer.strip("/"): field_text(p, language) for p in error.problems}
    detail = translate(language, error.detail, **error.values) if error.detail else ""
    trouble = Trouble(
        kind="stale" if isinstance(error, Stale) else "refused",
        title=translate(language, error.title),
        detail=detail if not problems else " ".join(problems.values()),
    )
    return Tried(Kept(given.command, given.values, problems), trouble, given.seen_seq)


def _see_other(address: str) -> Response[bytes]:
    """303 to a page of our own."""
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": address})


ROUTES: list[ControllerRouterHandler] = [
    queue,
    ticket,
    back_to_ticket,
    look,
    deed,
    filing,
    file_for_person,
    *HELD,
    *CALLS,
]
