"""``/lapor/...``: the form as a walk, one question a page, without script; ``/lapor``: all questions on one page.

A page is sent to the address of the page that shall follow: what it asked is checked on the way forward, never on the way back.
"""

from __future__ import annotations

import uuid

from litestar import Response, get, post

from complaints_service.clock import OfficeClock, machine_now
from complaints_service.errors import NotFound
from complaints_service.intake.attachments.receiving import LARGEST_FORM_WITH_FILES
from complaints_service.intake.attachments.service import Attachments
from complaints_service.keys import Keys
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.public.answers import Messages, no_answers
from complaints_service.public.filing_views import Draft, check_page, draft_of, step_page, whole_page
from complaints_service.public.form_files import FormWithFiles, read_form, with_file_problem
from complaints_service.public.form_time import made_now
from complaints_service.public.settings_pages import switched
from complaints_service.public.start_pages import guidance_shown
from complaints_service.public.walk import Step, first_mistaken, later, mistakes_in, mistakes_on, step_of
from complaints_service.settings import Settings
from complaints_service.web.crowd import crowd_of
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest


def new_draft(request: PageRequest, office: Office, keys: Keys, *, walks: bool) -> Draft:
    """An untouched form with an id of its own, about the service that ``layanan`` names (empty: not known)."""
    service = request.query_params.get("layanan", "")
    known = service in office.services and office.services[service].active
    return Draft(
        answers={**no_answers(), "service": service if known else ""},
        form_id=str(uuid.uuid4()),
        made=made_now(keys, machine_now()),
        walks=walks,
        fresh=True,
    )


@get("/lapor", include_in_schema=False)
async def whole_form_page(request: PageRequest, offices: OfficeStore, keys: Keys) -> Response[bytes]:
    """All questions at once, for whoever likes that better, and for what came back from a device without a network."""
    office = await offices.current()
    return whole_page(request, office, new_draft(request, office, keys, walks=False))


@get("/lapor/{step:str}", include_in_schema=False)
async def question_page(request: PageRequest, step: str, offices: OfficeStore, keys: Keys) -> Response[bytes]:
    """One question by itself: there are no other answers yet. Raises NotFound for what is no question."""
    asked = step_of(step)
    if asked is None:
        raise NotFound
    office = await offices.current()
    draft = new_draft(request, office, keys, walks=True)
    return step_page(request, office, draft, Step.STORY if asked is Step.CHECK else asked)


@post("/lapor/{step:str}", status_code=200, include_in_schema=False, request_max_body_size=LARGEST_FORM_WITH_FILES)
async def walk_submit(
    request: PageRequest,
    step: str,
    offices: OfficeStore,
    attachments: Attachments,
    clock: OfficeClock,
    settings: Settings,
    keys: Keys,
) -> Response[bytes]:
    """From the page in the field ``page`` to the one that the address names: on with 200, or 422 and the same page with what to correct."""
    target = step_of(step)
    if target is None:
        raise NotFound
    filled = await read_form(request, attachments)
    async with crowd_of(request).turn():
        draft = draft_of(filled, keys)
        office = await offices.current()
        cookies = switched(request, settings, filled.fields)
        answer = _onward(request, office, draft, filled, target, clock)
        answer.cookies.extend(cookies)
        return answer


def _onward(
    request: PageRequest, office: Office, draft: Draft, filled: FormWithFiles, target: Step, clock: OfficeClock
) -> Response[bytes]:
    at = step_of(filled.fields.get("page", ""))
    if at is not None and later(target, at):
        problems = mistakes_on(at, draft.answers, office, language_of(request), clock.now())
        if at is Step.FILES:
            problems = with_file_problem(problems, filled.problem)
        if problems:
            return step_page(request, office, draft, at, problems)
        if target is Step.CONTACT and draft.answers["privacy"] == "anonymous":
            # Who stays anonymous is not asked who they are. 307: the browser sends the same form on.
            return Response(b"", status_code=307, media_type="text/plain", headers={"Location": Step.CHECK.address})
    if target is Step.CHECK:
        return to_check(request, office, draft, filled, clock)
    guides = target is Step.KIND and not draft.returns
    guidance = guidance_shown(office, draft.answers["service"], clock, language_of(request)) if guides else ()
    return step_page(request, office, draft, target, guidance=guidance)


def to_check(
    request: PageRequest, office: Office, draft: Draft, filled: FormWithFiles, clock: OfficeClock
) -> Response[bytes]:
    """The check page, or the first question with something to correct, which leads back to it."""
    problems = with_file_problem(mistakes_in(draft.answers, office, language_of(request), clock.now()), filled.problem)
    return check_page(request, office, draft) if not problems else mistaken_page(request, office, draft, problems)


def mistaken_page(request: PageRequest, office: Office, draft: Draft, problems: Messages) -> Response[bytes]:
    """The first question that has something to correct."""
    step, own = first_mistaken(problems)
    shown = Step.STORY if step is Step.CHECK else step
    return step_page(request, office, draft, shown, own)
