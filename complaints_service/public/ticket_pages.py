"""``/t/{number}``: one case as its citizen sees it, and what the citizen can do: reply, say settled or not, judge, withdraw."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import msgspec
from litestar import Response, get, post

from complaints_service.errors import DomainError, Forbidden, Invalid, KeyReused, Refused
from complaints_service.i18n import translate
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.public.answers import Messages, messages_from, written_day
from complaints_service.public.case_news import mark_of
from complaints_service.public.case_words import PRIVACY_SHORT, beyond, promises, subject
from complaints_service.public.opened_tickets import TICKET_COOKIE, Opened, OpenedTickets
from complaints_service.public.requests import LARGEST_FORM, form_id_of, own_form, see_other
from complaints_service.settings import Settings
from complaints_service.tickets.commands import Rate, Reply, Withdraw
from complaints_service.tickets.file import TicketFile
from complaints_service.tickets.filed import FilingKey
from complaints_service.tickets.model import REPORTER_ACTOR, Ticket
from complaints_service.tickets.reading import TicketReader
from complaints_service.tickets.service import Tickets
from complaints_service.tickets.timeline import next_step, status_text, timeline
from complaints_service.tickets.transitions import allowed
from complaints_service.web.cookies import read_cookie
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page

MESSAGE_MOST = 5_000
COMMENT_MOST = 2_000
_DONE = {
    "balas": "Your message is with the office.",
    "selesai": "Thank you. The case is settled.",
    "belum": "The case is open again. The office will answer you.",
    "nilai": "Thank you for your judgement.",
    "tarik": "The case has been withdrawn.",
}


class CitizenCase:
    """The services behind a citizen's pages of one case, and the right of this browser to it."""

    def __init__(
        self,
        offices: OfficeStore,
        reader: TicketReader,
        tickets: Tickets,
        opened_tickets: OpenedTickets,
        settings: Settings,
    ) -> None:
        self.offices = offices
        self.reader = reader
        self.tickets = tickets
        self.opened_tickets = opened_tickets
        self.settings = settings

    async def opened(self, request: PageRequest, number: str) -> Opened | None:
        """The right of this browser to the case, or None."""
        return await self.opened_tickets.find(read_cookie(request, self.settings, TICKET_COOKIE), number)

    async def form(self, request: PageRequest, number: str) -> tuple[Opened, dict[str, str]]:
        """A form that this case's own page sent. Raises Forbidden for any other."""
        form = await own_form(request)
        opened = await self.opened(request, number)
        if opened is None:
            raise Forbidden(
                "This device has not opened this case, or too long ago. Open it again with number and code."
            )
        self.opened_tickets.check_form(opened, form.get("form_token", ""))
        return opened, form

    async def file(self, opened: Opened) -> tuple[Office, TicketFile]:
        """The office and the case as they are now."""
        office = await self.offices.current(opened.office_id)
        return office, await self.reader.file_of(opened.scope(), office, opened.number)

    async def reply(self, opened: Opened, reply: Reply, form_id: str) -> None:
        """Add the citizen's words: once for each form, however often its button was pressed. Raises what the rules refuse."""
        office = await self.offices.current(opened.office_id)
        body = msgspec.json.encode(reply)
        try:
            await self._reply(office, opened, reply, FilingKey(f"ticket:{opened.ticket_id}", form_id, body))
        except KeyReused:
            # Gone back and written something else: other words are another message.
            other = FilingKey(f"ticket:{opened.ticket_id}", str(uuid.uuid4()), body)
            await self._reply(office, opened, reply, other)

    async def _reply(self, office: Office, opened: Opened, reply: Reply, key: FilingKey) -> None:
        await self.tickets.act(office, opened.number, reply, REPORTER_ACTOR, opened.scope(), key=key)


@get("/t/{number:str}", include_in_schema=False)
async def ticket_page(request: PageRequest, number: str, citizen_case: CitizenCase) -> Response[bytes]:
    """The case, for a browser that has opened it; any other is asked for number and code."""
    opened = await citizen_case.opened(request, number)
    if opened is None:
        return see_other("/lacak")
    done = _DONE.get(request.query_params.get("kabar", ""), "")
    return await _show(request, citizen_case, opened, done=done)


@post("/t/{number:str}/balas", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def reply_submit(request: PageRequest, number: str, citizen_case: CitizenCase) -> Response[bytes]:
    """A message; on an answered case with the word whether it is settled."""
    opened, form = await citizen_case.form(request, number)
    words = form.get("text", "").replace("\r\n", "\n").strip()
    resolved = form.get("resolved") == "1"
    problem = ""
    if len(words) > MESSAGE_MOST:
        problem = "Shorten the text to at most {most} characters."
    elif not words and form.get("resolved") != "1":
        problem = "Write what is still missing." if form.get("resolved") == "0" else "Write your message."
    if problem:
        messages = Messages(text=translate(language_of(request), problem, most=MESSAGE_MOST))
        return await _show(request, citizen_case, opened, problems=messages, kept=form)
    try:
        await citizen_case.reply(opened, Reply(text=words, resolved=resolved), form_id_of(form))
    except (Invalid, Refused) as refusal:
        return await _show(request, citizen_case, opened, problems=_told(request, refusal, "text"), kept=form)
    said = {"1": "selesai", "0": "belum"}.get(form.get("resolved", ""), "balas")
    return see_other(f"/t/{number}?kabar={said}")


@post("/t/{number:str}/nilai", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def rating_submit(request: PageRequest, number: str, citizen_case: CitizenCase) -> Response[bytes]:
    """The judgement, 1 to 4; sent twice it counts once."""
    opened, form = await citizen_case.form(request, number)
    score, comment = form.get("score", ""), form.get("comment", "").replace("\r\n", "\n").strip()
    language = language_of(request)
    problems = Messages()
    if score not in ("1", "2", "3", "4"):
        problems["score"] = translate(language, "Choose one of the four judgements.")
    if len(comment) > COMMENT_MOST:
        problems["comment"] = translate(language, "Shorten the text to at most {most} characters.", most=COMMENT_MOST)
    if problems:
        return await _show(request, citizen_case, opened, problems=problems, kept=form)
    office, file = await citizen_case.file(opened)
    if file.rating is None or "rate" in _actions(file.ticket, file):
        try:
            rating = Rate(score=int(score), comment=comment)
            await citizen_case.tickets.act(office, number, rating, REPORTER_ACTOR, opened.scope())
        except Refused as refusal:
            problems = _told(request, refusal, "score")
            return await _show(request, citizen_case, opened, problems=problems, kept=form)
    return see_other(f"/t/{number}?kabar=nilai")


@get("/t/{number:str}/tarik", include_in_schema=False)
async def withdraw_page(request: PageRequest, number: str, citizen_case: CitizenCase) -> Response[bytes]:
    """Asks once more before the case is withdrawn."""
    opened = await citizen_case.opened(request, number)
    if opened is None:
        return see_other("/lacak")
    office, file = await citizen_case.file(opened)
    if "withdraw" not in _actions(file.ticket, file):
        return see_other(f"/t/{number}")
    token = citizen_case.opened_tickets.form_token(opened)
    return page(request, "public/withdraw.html", {"office": office, "ticket": file.ticket, "form_token": token})


@post("/t/{number:str}/tarik", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def withdraw_submit(request: PageRequest, number: str, citizen_case: CitizenCase) -> Response[bytes]:
    """Withdraw; sent twice it happens once."""
    opened, _ = await citizen_case.form(request, number)
    office, file = await citizen_case.file(opened)
    if file.ticket.status != "withdrawn":
        await citizen_case.tickets.act(office, number, Withdraw(), REPORTER_ACTOR, opened.scope())
    return see_other(f"/t/{number}?kabar=tarik")


def _told(request: PageRequest, refusal: DomainError, field: str) -> Messages:
    language = language_of(request)
    if isinstance(refusal, Invalid):
        told = messages_from(refusal.problems, language)
        return Messages(
            (name if name in ("text", "score", "comment") else field, words) for name, words in told.items()
        )
    return Messages({field: translate(language, refusal.detail, **refusal.values)})


def _actions(ticket: Ticket, file: TicketFile) -> tuple[str, ...]:
    """What the citizen may do; a judgement once per episode."""
    possible = allowed(ticket, REPORTER_ACTOR)
    if file.rating is not None:
        return tuple(name for name in possible if name != "rate")
    return possible


async def _show(
    request: PageRequest,
    citizen_case: CitizenCase,
    opened: Opened,
    *,
    done: str = "",
    problems: Messages | None = None,
    kept: Mapping[str, str] | None = None,
) -> Response[bytes]:
    office, file = await citizen_case.file(opened)
    now = file.now
    language = language_of(request)
    ticket = file.ticket
    # An officer's deed shows when it can no longer be undone (D2): until then the citizen sees and does what was possible before.
    seen = msgspec.structs.replace(ticket, status=ticket.status_for_citizen(now))
    kept = kept or {}
    entries = timeline(file, office, language, "citizen")
    context = {
        "office": office,
        "ticket": ticket,
        "status": seen.status.value,
        "status_words": status_text(seen.status, language),
        "subject": subject(file, language),
        "next_step": next_step(file, office, language),
        "unit_name": office.units[ticket.unit_id].name,
        "deadlines": promises(file, office, language, now),
        "beyond": beyond(seen.status, language),
        "messages": [m for m in file.messages if m.sender in ("office", "reporter") and m.released_at <= now],
        "entries": entries,
        "mark": mark_of(entries),
        "text": file.text,
        "occurred_on": written_day(file.text.occurred_on or "", office.time_zone, language),
        "privacy_words": translate(language, PRIVACY_SHORT[ticket.privacy]),
        "actions": _actions(seen, file),
        "rating": translate(language, "You gave {score} of 4.", score=file.rating.score) if file.rating else "",
        "form_id": str(uuid.uuid4()),
        "form_token": citizen_case.opened_tickets.form_token(opened),
        "shows_code": opened.shows_code,
        "problems": problems or Messages(),
        "done": translate(language, done) if done else "",
        "kept_text": kept.get("text", ""),
        "score": kept.get("score", ""),
        "comment": kept.get("comment", ""),
        "path": f"/t/{ticket.number}",
    }
    return page(request, "public/ticket.html", context, status=422 if problems else 200)
