"""``/t/{number}``: one case as its citizen sees it, and what the citizen can do: reply, say settled or not, judge, withdraw."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import msgspec
from litestar import Response, get, post
from litestar.response import Stream

from complaints_service.errors import DomainError, Forbidden, Invalid, KeyReused, Refused
from complaints_service.i18n import translate
from complaints_service.intake.attachments.answers import file_views, upload_views
from complaints_service.intake.attachments.receiving import LARGEST_FORM_WITH_FILES
from complaints_service.intake.attachments.service import Attachments
from complaints_service.intake.attachments.serving import download
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.public.answers import Messages, classified, messages_from, written_day
from complaints_service.public.case_news import mark_of
from complaints_service.public.case_words import PRIVACY_SHORT, beyond, merged_answer, promises, subject
from complaints_service.public.form_files import FormWithFiles, files_apart, read_form, with_file_problem
from complaints_service.public.opened_tickets import TICKET_COOKIE, Opened, OpenedTickets
from complaints_service.public.requests import LARGEST_FORM, form_id_of, own_form, see_other
from complaints_service.settings import Settings
from complaints_service.tickets.attachments import Upload
from complaints_service.tickets.commands import Rate, Reply, Withdraw
from complaints_service.tickets.file import StoredAttachment, TicketFile
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
        attachments: Attachments,
        settings: Settings,
    ) -> None:
        self.offices = offices
        self.reader = reader
        self.tickets = tickets
        self.opened_tickets = opened_tickets
        self.attachments = attachments
        self.settings = settings

    async def opened(self, request: PageRequest, number: str) -> Opened | None:
        """The right of this browser to the case, or None."""
        return await self.opened_tickets.find(read_cookie(request, self.settings, TICKET_COOKIE), number)

    async def form(self, request: PageRequest, number: str) -> tuple[Opened, dict[str, str]]:
        """A form that this case's own page sent. Raises Forbidden for any other."""
        form = await own_form(request)
        opened = await self._opened(request, number)
        self.opened_tickets.check_form(opened, form.get("form_token", ""))
        return opened, form

    async def form_with_files(self, request: PageRequest, number: str) -> tuple[Opened, FormWithFiles]:
        """As ``form``, of a form that may carry files; they are looked at only when the form is this case's own."""
        opened = await self._opened(request, number)

        def check(fields: Mapping[str, str]) -> None:
            self.opened_tickets.check_form(opened, fields.get("form_token", ""))

        return opened, await read_form(request, self.attachments, check)

    async def _opened(self, request: PageRequest, number: str) -> Opened:
        opened = await self.opened(request, number)
        if opened is None:
            raise Forbidden(
                "This device has not opened this case, or too long ago. Open it again with number and code."
            )
        return opened

    async def file(self, opened: Opened) -> tuple[Office, TicketFile]:
        """The office and the case as they are now."""
        office = await self.offices.current(opened.office_id)
        return office, await self.reader.file_of(opened.scope(), office, opened.number)

    async def sent_before(self, opened: Opened, ids: Sequence[str]) -> list[StoredAttachment]:
        """Which of these uploads are files of the case by now."""
        _, file = await self.file(opened)
        return [one for one in file.attachments if one.id in ids]

    async def reply(self, opened: Opened, reply: Reply, form_id: str, body: bytes) -> None:
        """Add the citizen's words: once for each form, however often its button was pressed. Raises what the rules refuse.

        ``body``: what makes it the same words and files as before.
        """
        office = await self.offices.current(opened.office_id)
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


@get("/t/{number:str}/berkas/{attachment_id:str}", include_in_schema=False)
async def file_download(
    request: PageRequest, number: str, attachment_id: str, citizen_case: CitizenCase
) -> Response[bytes] | Stream:
    """A file of the case, to be saved; for a browser that has opened the case."""
    opened = await citizen_case.opened(request, number)
    if opened is None:
        return see_other("/lacak")
    office = await citizen_case.offices.current(opened.office_id)
    return download(await citizen_case.attachments.open(opened.scope(), office, number, attachment_id))


@post("/t/{number:str}/balas", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM_WITH_FILES)
async def reply_submit(request: PageRequest, number: str, citizen_case: CitizenCase) -> Response[bytes]:
    """A message; on an answered case with the word whether it is settled."""
    opened, filled = await citizen_case.form_with_files(request, number)
    form, uploads = filled.fields, filled.uploads
    words = form.get("text", "").replace("\r\n", "\n").strip()
    resolved = form.get("resolved") == "1"
    # Pressed twice: what the first sending has claimed is with this case already.
    sent = await citizen_case.sent_before(opened, filled.lost) if filled.lost else []
    filled = msgspec.structs.replace(filled, lost=tuple(set(filled.lost) - {file.id for file in sent}))
    problem = ""
    if len(words) > MESSAGE_MOST:
        problem = "Shorten the text to at most {most} characters."
    elif not words and not uploads and not sent and not filled.problem and form.get("resolved") != "1":
        problem = "Write what is still missing." if form.get("resolved") == "0" else "Write your message."
    if problem or filled.problem:
        messages = Messages(text=translate(language_of(request), problem, most=MESSAGE_MOST)) if problem else Messages()
        messages = with_file_problem(messages, filled.problem)
        return await _show(request, citizen_case, opened, problems=messages, kept=form, uploads=uploads)
    reply = Reply(text=words, resolved=resolved, attachments=filled.upload_ids)
    content = msgspec.json.encode([words, resolved, sorted((f.name, f.media_type, f.size) for f in [*uploads, *sent])])
    try:
        await citizen_case.reply(opened, reply, form_id_of(form), content)
    except (Invalid, Refused) as refusal:
        problems = files_apart(_told(request, refusal, "text"))
        return await _show(request, citizen_case, opened, problems=problems, kept=form, uploads=uploads)
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
            (name if name in ("text", "score", "comment") or name.startswith("attachments") else field, words)
            for name, words in told.items()
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
    uploads: Sequence[Upload] = (),
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
        "merged_answer": merged_answer(seen.status, file),
        "messages": [m for m in file.messages if m.sender in ("office", "reporter") and m.released_at <= now],
        "entries": entries,
        "mark": mark_of(entries),
        "text": file.text,
        "classified": classified(ticket, office, language),
        "files": {
            seq: file_views(file.files_of(seq), f"/t/{ticket.number}", language)
            for seq in {one.seq for one in file.attachments}
        },
        "uploads": upload_views(uploads, language),
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
