"""``/``: file a complaint; check the answers; send; the receipt with number, code and dates. All without script."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import msgspec
from litestar import Response, get, post

from complaints_service.clock import OfficeClock, machine_now
from complaints_service.errors import Invalid, KeyReused, TooMany
from complaints_service.i18n import translate
from complaints_service.intake.attachments.receiving import LARGEST_FORM_WITH_FILES
from complaints_service.intake.attachments.service import Attachments
from complaints_service.intake.complaint_form import to_complaint
from complaints_service.intake.service import Intake
from complaints_service.intake.web.flood import looked_at
from complaints_service.keys import Keys
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.public.answers import SEND_WORDS, Messages, complaint_body, messages_from
from complaints_service.public.case_words import next_steps
from complaints_service.public.filing_views import HONEYPOT, Draft, check_page, draft_of, step_page, whole_page
from complaints_service.public.form_files import files_apart, read_form, with_file_problem
from complaints_service.public.form_time import MADE, seconds_since
from complaints_service.public.opened_tickets import HOURS, TICKET_COOKIE, OpenedTickets
from complaints_service.public.requests import see_other
from complaints_service.public.settings_pages import switched
from complaints_service.public.start_pages import guidance_shown, start
from complaints_service.public.walk import Step
from complaints_service.public.walk_pages import mistaken_page, new_draft
from complaints_service.settings import Settings
from complaints_service.tickets.filed import FilingKey
from complaints_service.tickets.model import Channel, Kind
from complaints_service.tickets.reading import TicketReader
from complaints_service.web.cookies import make_cookie, read_cookie
from complaints_service.web.crowd import crowd_of
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.rate_limits import Limit, client_address, limits_of

FILING_SCOPE = "web"
_BUSY = "Very many are writing just now. Your answers are kept on this page: please send again in {seconds} seconds."
_ONCE_MORE = "Please look through your answers and send once more."
_TOO_QUICK = "That was quick. Please look through your answers and send once more."
RECEIVED_WORDS = {
    Kind.COMPLAINT: "We have received your complaint",
    Kind.SUGGESTION: "We have received your suggestion",
    Kind.INFORMATION: "We have received your question",
}


@get("/", include_in_schema=False)
async def filing_page(request: PageRequest, offices: OfficeStore, clock: OfficeClock, keys: Keys) -> Response[bytes]:
    """First which service (``start``); with ``layanan`` (empty: not known) what may answer it already, and the next question of the
    form, which has an id of its own under which it is filed at most once.
    """
    office = await offices.current()
    if "layanan" not in request.query_params:
        return start(request, office, clock)
    draft = new_draft(request, office, keys, walks=True)
    guidance = guidance_shown(office, draft.answers["service"], clock, language_of(request))
    return step_page(request, office, draft, Step.KIND, guidance=guidance)


@post("/", status_code=200, include_in_schema=False, request_max_body_size=LARGEST_FORM_WITH_FILES)
async def filing_submit(
    request: PageRequest,
    offices: OfficeStore,
    intake: Intake,
    attachments: Attachments,
    clock: OfficeClock,
    opened_tickets: OpenedTickets,
    settings: Settings,
    keys: Keys,
) -> Response[bytes]:
    """``step`` check: the answers to look through; edit: all questions again; send: file, then 303 to the receipt. A switch of language
    or colours shows the same page again.

    Wrong fields and files show the form again (422) with every answer and every good file kept.
    """
    filled = await read_form(request, attachments)
    async with crowd_of(request).turn():
        form, draft = filled.fields, draft_of(filled, keys)
        office = await offices.current()
        step = form.get("step", "check")
        cookies = switched(request, settings, form)
        language = language_of(request)
        if cookies:
            on_check = form.get("page") == Step.CHECK and draft.answers["kind"] in SEND_WORDS and not filled.problem
            again = (check_page if on_check else whole_page)(request, office, draft)
            again.cookies.extend(cookies)
            return again
        if step == "edit":
            return whole_page(request, office, draft)
        try:
            complaint = to_complaint(complaint_body(draft.answers, language), office, Channel.WEB, now=clock.now())
            if step != "send":
                if filled.problem:
                    return _refused(request, office, draft, with_file_problem(Messages(), filled.problem))
                return check_page(request, office, draft)
            if form.get(HONEYPOT):
                # Filled by a program that fills whatever it finds; a person whose browser did it sends once more.
                return check_page(request, office, draft, trouble=translate(language, _ONCE_MORE))
            if seconds_since(form.get(MADE, ""), keys, machine_now()) < settings.form_min_seconds:
                return check_page(request, office, draft, trouble=translate(language, _TOO_QUICK))
            await limits_of(request).check(Limit.FILING, client_address(request))
            # The ids as the page had them: those that its first sending has claimed belong to the first answer.
            complaint = await looked_at(request, msgspec.structs.replace(complaint, attachments=filled.ids))
            key = filing_key(FILING_SCOPE, draft.form_id, draft.answers, filled.ids)
            filed = await intake.file_complaint(office, complaint, key)
        except Invalid as invalid:
            problems = with_file_problem(files_apart(messages_from(invalid.problems, language)), filled.problem)
            return _refused(request, office, draft, problems)
        except TooMany as error:
            busy = check_page(request, office, draft, trouble=translate(language, _BUSY, **error.values))
            busy.status_code = error.status
            busy.headers.update(error.headers)
            return busy
        except KeyReused:
            # Sent, then went back and changed: a second matter needs a form id of its own, and the person's word.
            second = msgspec.structs.replace(draft, form_id=str(uuid.uuid4()))
            return check_page(request, office, second, sent_before=True)
        cookie = read_cookie(request, settings, TICKET_COOKIE)
        value = await opened_tickets.open(cookie, filed.office_id, filed.ticket_id, filed.number, shows_code=True)
        answer = see_other(f"/terkirim/{filed.number}")
        answer.cookies.append(make_cookie(settings, TICKET_COOKIE, value, HOURS * 3600))
        return answer


def _refused(request: PageRequest, office: Office, draft: Draft, problems: Messages) -> Response[bytes]:
    """The question to correct, or all of them on one page: as the person came."""
    return (mistaken_page if draft.walks else whole_page)(request, office, draft, problems)


@get("/terkirim/{number:str}", include_in_schema=False)
async def receipt_page(
    request: PageRequest,
    number: str,
    offices: OfficeStore,
    reader: TicketReader,
    opened_tickets: OpenedTickets,
    keys: Keys,
    settings: Settings,
) -> Response[bytes]:
    """Number, code, what happens next and by when: for the browser that filed it, as long as its cookie lives."""
    opened = await opened_tickets.find(read_cookie(request, settings, TICKET_COOKIE), number)
    if opened is None or not opened.shows_code:
        return see_other("/lacak")
    office = await offices.current(opened.office_id)
    file = await reader.file_of(opened.scope(), office, number)
    language = language_of(request)
    return page(
        request,
        "public/sent.html",
        {
            "office": office,
            "ticket": file.ticket,
            "heading": translate(language, RECEIVED_WORDS[file.ticket.kind]),
            "unit_name": office.units[file.ticket.unit_id].name,
            "tracking_code": keys.tracking_code(office.id, file.ticket.id, file.ticket.key_id),
            "steps": next_steps(file, office, language),
            "has_email": bool(file.reporter and file.reporter.email) and not file.ticket.held,
            "held": file.ticket.held,
            "until": opened.expires_at,
            "base_url": settings.base_url,
            "slip": "slip" in request.query_params,
        },
    )


def filing_key(scope: str, form_id: str, answers: Mapping[str, str], files: Sequence[str] = ()) -> FilingKey:
    """The idempotency key of a form: the same answers (and files) under the same id are the same ticket (D6)."""
    content: dict[str, object] = dict(sorted(answers.items()))
    if files:
        content["attachments"] = list(files)
    return FilingKey(scope, form_id, msgspec.json.encode(content))
