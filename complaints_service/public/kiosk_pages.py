"""``/kios``: touch screens in the waiting room. One question a screen; a device cookie tells which kiosk it is.

Every visit ends with ``/kios/selesai`` (a button, or silence), which takes away all that the person opened or chose.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping

import msgspec
import segno
from litestar import Response, get, post

from complaints_service.clock import OfficeClock
from complaints_service.errors import Invalid, KeyReused, NotFound
from complaints_service.i18n import translate
from complaints_service.intake.complaint_form import to_complaint
from complaints_service.intake.kiosk.model import Device
from complaints_service.intake.kiosk.service import Kiosk
from complaints_service.intake.service import Intake
from complaints_service.keys import Keys
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.public.answers import (
    SEND_WORDS,
    Messages,
    answers_from,
    choices,
    complaint_body,
    messages_from,
    no_answers,
    rows,
)
from complaints_service.public.case_words import next_steps, promises
from complaints_service.public.filing_pages import RECEIVED_WORDS, filing_key
from complaints_service.public.opened_tickets import TICKET_COOKIE, OpenedTickets
from complaints_service.public.requests import LARGEST_FORM, form_id_of, own_form, see_other
from complaints_service.settings import Settings
from complaints_service.tickets.model import Channel
from complaints_service.tickets.reading import TicketReader
from complaints_service.tickets.timeline import next_step, status_text, timeline
from complaints_service.web.cookies import forget_cookie, make_cookie, read_cookie
from complaints_service.web.i18n import LANGUAGE_COOKIE, language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.rate_limits import Limit, client_address, limits_of

DEVICE_COOKIE = "kios"
_YEAR = 365 * 24 * 3600
STEPS = ("about", "what", "who", "check", "send")
# What must be right before a step is shown.
_NEEDED = {"who": ("description",), "check": ("description", "privacy", "reporter.name", "reporter.phone")}
# Fields of the form on the web that the kiosk does not ask for: on its last screen they would read "not given".
_NOT_ASKED = frozenset({"service", "reporter.email"})
_WHERE = {"description": "what", "category": "about"}


class KioskRequest:
    """The device behind a request, and the screens' common words."""

    def __init__(self, kiosk: Kiosk, offices: OfficeStore, settings: Settings) -> None:
        self.kiosk = kiosk
        self.offices = offices
        self.settings = settings

    async def device(self, request: PageRequest) -> Device | None:
        """The registered kiosk that asks, or None."""
        token = read_cookie(request, self.settings, DEVICE_COOKIE)
        return await self.kiosk.device_for(token) if token else None

    async def show(
        self,
        request: PageRequest,
        template: str,
        context: Mapping[str, object],
        *,
        home_path: str = "/kios",
        status: int = 200,
    ) -> Response[bytes]:
        """A screen. ``home_path``: where the language switch leads (never back into half a form)."""
        office = await self.offices.current()
        common = {
            "office": office,
            "home_path": home_path,
            "at_home": template == "kiosk/home.html",
            "problems": Messages(),
            "base_url": self.settings.base_url,
        }
        return page(request, f"{template}", {**common, **context}, status=status)


@get("/kios", include_in_schema=False)
async def kiosk_home(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """Four choices; a device that is not registered yet is asked for its token."""
    if await kiosk_request.device(request) is None:
        return see_other("/kios/daftar")
    return await kiosk_request.show(request, "kiosk/home.html", {})


@get("/kios/daftar", include_in_schema=False)
async def register_page(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """The device token is typed once."""
    return await kiosk_request.show(request, "kiosk/register.html", {}, home_path="/kios/daftar")


@post("/kios/daftar", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def register_submit(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """Keep the token in this device's cookie when it is a kiosk's."""
    form = await own_form(request)
    await limits_of(request).look(Limit.SIGNIN, client_address(request))
    token = form.get("token", "").strip()[:200]
    if not token or await kiosk_request.kiosk.device_for(token) is None:
        await limits_of(request).count(Limit.SIGNIN, client_address(request))
        told = translate(language_of(request), "This is not the token of a kiosk, or it has been revoked.")
        return await kiosk_request.show(
            request, "kiosk/register.html", {"problems": Messages(token=told)}, home_path="/kios/daftar", status=422
        )
    answer = see_other("/kios")
    answer.cookies.append(make_cookie(kiosk_request.settings, DEVICE_COOKIE, token, _YEAR))
    return answer


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
    device = await kiosk_request.device(request)
    if device is None:
        return see_other("/kios/daftar")
    form = await own_form(request)
    office = await kiosk_request.offices.current()
    language = language_of(request)
    answers, form_id = _kiosk_answers(form), form_id_of(form)
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
    scope = f"kiosk:{device.id}"
    try:
        filed = await intake.file_complaint(office, complaint, filing_key(scope, form_id, answers))
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
    request: PageRequest, kiosk_request: KioskRequest, reader: TicketReader
) -> Response[bytes]:
    """How the case stands, without leaving anything behind: no cookie, no address that opens it again."""
    if await kiosk_request.device(request) is None:
        return see_other("/kios/daftar")
    form = await own_form(request)
    await limits_of(request).look(Limit.LOOKUP, client_address(request))
    language = language_of(request)
    office = await kiosk_request.offices.current()
    number = form.get("number", "").strip().upper()[:40]
    try:
        file = await reader.with_code(office, number, form.get("code", "").strip()[:64])
    except NotFound:
        await limits_of(request).count(Limit.LOOKUP, client_address(request))
        wrong = translate(language, "There is no case with this number and this code. Compare both with your receipt.")
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


@get("/kios/hp", include_in_schema=False)
async def phone_page(request: PageRequest, kiosk_request: KioskRequest) -> Response[bytes]:
    """A QR code of the public form."""
    drawn = io.BytesIO()
    code = segno.make_qr(kiosk_request.settings.base_url + "/", error="m")
    code.save(drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, nl=False)
    label = translate(language_of(request), "QR code of {address}", address=kiosk_request.settings.base_url)
    return await kiosk_request.show(request, "kiosk/phone.html", {"qr": drawn.getvalue().decode(), "qr_label": label})


@post("/kios/selesai", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def finish_submit(
    request: PageRequest, kiosk_request: KioskRequest, opened_tickets: OpenedTickets
) -> Response[bytes]:
    """The end of a visit: the right to what was opened, the cookie and the language go; the next person starts anew."""
    await own_form(request)
    settings = kiosk_request.settings
    await opened_tickets.forget(read_cookie(request, settings, TICKET_COOKIE))
    answer = see_other("/kios")
    answer.cookies.append(forget_cookie(settings, TICKET_COOKIE))
    answer.delete_cookie(LANGUAGE_COOKIE)
    return answer


def _kiosk_answers(form: Mapping[str, str]) -> dict[str, str]:
    """The answers of the screens so far; what no screen asks keeps its default."""
    given = answers_from(form)
    return {name: given[name] or default for name, default in no_answers().items()}


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
