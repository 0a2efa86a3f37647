"""``/kios``: touch screens in the waiting room. One question a screen; a device cookie tells which kiosk it is.

Every visit ends with ``/kios/selesai`` (a button, or silence), which takes away all that the person opened or chose.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import msgspec
from litestar import Response, get, post

from complaints_service.clock import OfficeClock
from complaints_service.database import Scope
from complaints_service.errors import Invalid, KeyReused, NotFound
from complaints_service.i18n import translate
from complaints_service.intake.complaint_form import to_complaint
from complaints_service.intake.kiosk.receipts import is_provisional
from complaints_service.intake.kiosk.service import Kiosk
from complaints_service.intake.service import Intake
from complaints_service.keys import Keys
from complaints_service.office.model import Office
from complaints_service.public.answers import (
    SEND_WORDS,
    Messages,
    choices,
    complaint_body,
    messages_from,
    no_answers,
    rows,
)
from complaints_service.public.case_words import next_steps, promises
from complaints_service.public.filing_pages import RECEIVED_WORDS, filing_key
from complaints_service.public.kiosk_request import KIOSK_SCOPE, KioskRequest, forget_case, kiosk_answers
from complaints_service.public.opened_tickets import TICKET_COOKIE, OpenedTickets
from complaints_service.public.requests import LARGEST_FORM, form_id_of, own_form, see_other
from complaints_service.public.tracking_pages import NOT_ARRIVED, exchanged
from complaints_service.tickets.file import TicketFile
from complaints_service.tickets.model import Channel
from complaints_service.tickets.reading import TicketReader
from complaints_service.tickets.timeline import next_step, status_text, timeline
from complaints_service.web.cookies import make_cookie, read_cookie
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest
from complaints_service.web.rate_limits import Limit, client_address, limits_of

STEPS = ("about", "what", "who", "check", "send")
# What must be right before a step is shown.
_NEEDED = {"who": ("description",), "check": ("description", "privacy", "reporter.name", "reporter.phone")}
# Fields of the form on the web that the kiosk does not ask for: on its last screen they would read "not given".
_NOT_ASKED = frozenset({"service", "reporter.email"})
_WRONG_CODE = "There is no case with this number and this code. Compare both with your receipt."
_WHERE = {"description": "what", "category": "about"}


@get("/kios", include_in_schema=False)
async def kiosk_home(
    request: PageRequest, kiosk_request: KioskRequest, opened_tickets: OpenedTickets
) -> Response[bytes]:
    """Four choices; a device that is not registered yet is asked for its code. Nobody's case is open here any more."""
    if await kiosk_request.device(request) is None:
        return see_other("/kios/daftar")
    answer = await kiosk_request.show(request, "kiosk/home.html", {})
    # A visit that ended while there was no line could not say so.
    return await forget_case(request, kiosk_request.settings, opened_tickets, answer)


@get("/kios/buat", include_in_schema=False)
async def kiosk_filing_page(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """The first question."""
    if await kiosk_request.device(request) is None:
        return see_other("/kios/daftar")
    return await _screen(request, kiosk_request, no_answers(), str(uuid.uuid4()), "about")


@post("/kios/buat", status_code=200, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def kiosk_filing_submit(
    request: PageRequest,
    kiosk_request: KioskRequest,
    intake: Intake,
    clock: OfficeClock,
    opened_tickets: OpenedTickets,
) -> Response[bytes]:
    """``step`` names the screen to show next, with the answers so far; send files, once for each form, and shows the slip."""
    if await kiosk_request.device(request) is None:
        return see_other("/kios/daftar")
    form = await own_form(request)
    office = await kiosk_request.offices.current()
    language = language_of(request)
    answers, form_id = kiosk_answers(form), form_id_of(form)
    step = form.get("step", "about")
    if step not in ("who", "check", "send"):
        return await _screen(request, kiosk_request, answers, form_id, step if step in STEPS else "about")
    try:
        complaint = to_complaint(complaint_body(answers, language), office, Channel.KIOSK, now=clock.now())
    except Invalid as invalid:
        told = messages_from(invalid.problems, language)
        wrong = [name for name in told if name in _NEEDED.get(step, _NEEDED["check"])]
        if wrong:
            back = _WHERE.get(wrong[0], "who")
            return await _screen(request, kiosk_request, answers, form_id, back, told)
        if step == "send":
            return await _screen(request, kiosk_request, answers, form_id, "about", told)
        return await _screen(request, kiosk_request, answers, form_id, step)
    if step != "send":
        return await _screen(request, kiosk_request, answers, form_id, step)
    try:
        filed = await intake.file_complaint(office, complaint, filing_key(KIOSK_SCOPE, form_id, answers))
    except KeyReused:
        # Sent, then back and changed: the person sees it again and sends it as a matter of its own.
        return await _screen(request, kiosk_request, answers, str(uuid.uuid4()), "check")
    value = await opened_tickets.open(None, filed.office_id, filed.ticket_id, filed.number, shows_code=True)
    answer = see_other(f"/kios/terkirim/{filed.number}")
    answer.cookies.append(make_cookie(kiosk_request.settings, TICKET_COOKIE, value, None))
    return answer


@get("/kios/terkirim/{number:str}", include_in_schema=False)
async def kiosk_receipt_page(
    request: PageRequest,
    number: str,
    kiosk_request: KioskRequest,
    reader: TicketReader,
    opened_tickets: OpenedTickets,
    keys: Keys,
) -> Response[bytes]:
    """Number and code, large, until the visit ends."""
    opened = await opened_tickets.find(read_cookie(request, kiosk_request.settings, TICKET_COOKIE), number)
    if opened is None or not opened.shows_code:
        return see_other("/kios")
    office = await kiosk_request.offices.current(opened.office_id)
    file = await reader.file_of(opened.scope(), office, number)
    language = language_of(request)
    context = {
        "ticket": file.ticket,
        "heading": translate(language, RECEIVED_WORDS[file.ticket.kind]),
        "tracking_code": keys.tracking_code(office.id, file.ticket.id, file.ticket.key_id),
        "steps": next_steps(file, office, language),
        **kiosk_request.qr(request, f"/lacak?nomor={number}"),
    }
    here = f"/kios/terkirim/{number}"
    return await kiosk_request.show(request, "kiosk/sent.html", context, home_path=here)


@get("/kios/cek", include_in_schema=False)
async def kiosk_track_page(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """Number and code of a case."""
    if await kiosk_request.device(request) is None:
        return see_other("/kios/daftar")
    return await _track(request, kiosk_request, "", Messages())


@post("/kios/cek", status_code=200, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def kiosk_track_submit(
    request: PageRequest,
    kiosk_request: KioskRequest,
    reader: TicketReader,
    opened_tickets: OpenedTickets,
) -> Response[bytes]:
    """How the case stands, without leaving anything behind: no cookie, no address that opens it again."""
    if await kiosk_request.device(request) is None:
        return see_other("/kios/daftar")
    form = await own_form(request)
    await limits_of(request).look(Limit.LOOKUP, client_address(request))
    language = language_of(request)
    office = await kiosk_request.offices.current()
    number, code = form.get("number", "").strip()[:40], form.get("code", "").strip()[:64]
    try:
        file = await _case(reader, kiosk_request.kiosk, opened_tickets, office, number, code)
    except NotFound:
        await limits_of(request).count(Limit.LOOKUP, client_address(request))
        wrong = translate(language, NOT_ARRIVED if is_provisional(number) else _WRONG_CODE)
        return await _track(request, kiosk_request, number, Messages(number=wrong))
    seen = msgspec.structs.replace(file.ticket, status=file.ticket.status_for_citizen(file.now))
    words = [m.text for m in file.messages if m.sender == "office" and m.released_at <= file.now]
    context = {
        "ticket": file.ticket,
        "status": seen.status.value,
        "status_words": status_text(seen.status, language),
        "next_step": next_step(file, office, language),
        "unit_name": office.units[file.ticket.unit_id].name,
        "deadlines": promises(file, office, language, file.now),
        "answer": words[-1] if words else "",
        "entries": timeline(file, office, language, "citizen"),
    }
    return await kiosk_request.show(request, "kiosk/case.html", context)


async def _case(
    reader: TicketReader,
    kiosk: Kiosk,
    opened_tickets: OpenedTickets,
    office: Office,
    number: str,
    code: str,
) -> TicketFile:
    """By number and code, or by the receipt of a kiosk that had no line. Raises NotFound."""
    known = await exchanged(kiosk, opened_tickets, office.id, number, code)
    if known is None:
        return await reader.with_code(office, number, code)
    ticket_id, number = known
    return await reader.file_of(Scope.ticket(office.id, ticket_id), office, number)


async def _track(request: PageRequest, kiosk_request: KioskRequest, number: str, problems: Messages) -> Response[bytes]:
    office = await kiosk_request.offices.current()
    context = {"number": number, "problems": problems, "example_number": f"{office.number_prefix}-2026-000417"}
    return await kiosk_request.show(request, "kiosk/track.html", context, status=422 if problems else 200)


async def _screen(
    request: PageRequest,
    kiosk_request: KioskRequest,
    answers: Mapping[str, str],
    form_id: str,
    step: str,
    problems: Messages | None = None,
) -> Response[bytes]:
    office: Office = await kiosk_request.offices.current()
    language = language_of(request)
    context = {
        "step": step,
        "answers": answers,
        "form_id": form_id,
        "problems": problems or Messages(),
        "rows": [r for r in rows(answers, office, language) if r.name not in _NOT_ASKED] if step == "check" else [],
        "send_label": translate(language, SEND_WORDS[answers["kind"]]) if step == "check" else "",
        "categories": choices(office, language)["categories"],
    }
    return await kiosk_request.show(request, "kiosk/file.html", context, status=422 if problems else 200)
