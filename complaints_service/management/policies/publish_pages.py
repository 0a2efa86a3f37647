"""``/admin/kebijakan/konsep/{id}/terbitkan``: what a draft changes, what it would do to open cases, and publishing it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import DomainError, FieldProblem, Invalid, Stale
from complaints_service.management.effects_count import Counting, count, look
from complaints_service.management.effects_view import effects_context
from complaints_service.management.policies.differences import differences
from complaints_service.management.policies.draft_form import text_of
from complaints_service.management.policies.draft_pages import DRAFTS, version_of
from complaints_service.management.policies.draft_view import draft_policy, place_problems
from complaints_service.management.policies.drafts import Draft, Drafts
from complaints_service.management.policies.pages import ROOT, see_other
from complaints_service.management.policies.service import Policies, Publication
from complaints_service.office.model import Office, Role
from complaints_service.sla.effects import OpenEffects, open_tickets, with_policy
from complaints_service.sla.policy_check import beginning_problems
from complaints_service.sla.policy_problems import field_problem
from complaints_service.sla.policy_reading import read_policy
from complaints_service.sla.simulation_jobs import EffectsWork, SimulationJobs
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of, text
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text

PUBLISH = DRAFTS + "/{draft_id:int}/terbitkan"
_APPLIES = "applies_to_open"
_FIELDS = ("why", "when", "day", "time", "applies_to_open")


@get(PUBLISH, include_in_schema=False)
async def review(
    request: PageRequest,
    draft_id: int,
    viewer: Viewer,
    policies: Policies,
    drafts: Drafts,
    clock: OfficeClock,
    simulations: SimulationJobs,
) -> Response[bytes]:
    """What the draft changes against the version in force, and the form to publish it; ``hitung``: a run that counts its effects."""
    draft = await drafts.one(viewer, draft_id)
    office, now = await policies.fresh(viewer), clock.now()
    at = read_policy(draft.raw()).document
    local = (at.effective_from if at is not None else now).astimezone(ZoneInfo(office.time_zone))
    later = at is not None and at.effective_from > now
    given = {
        "when": "later" if later else "now",
        "day": f"{local:%Y-%m-%d}" if later else "",
        "time": f"{local:%H:%M}" if later else "00:00",
        "why": "",
        "applies_to_open": "",
    }
    subject, job = _subject(draft), request.query_params.get("hitung", "")
    try:
        counted = await look(simulations, viewer, subject, job)
    except Invalid as error:
        problems = {_APPLIES: field_text(error.problems[0], language_of(request))}
        return _review_page(request, draft, office, now, given, problems=problems)
    return _review_page(request, draft, office, now, given, counted=counted)


@post(PUBLISH, include_in_schema=False, status_code=303)
async def publish(
    request: PageRequest,
    draft_id: int,
    writer: Viewer,
    policies: Policies,
    drafts: Drafts,
    database: Database,
    clock: OfficeClock,
    simulations: SimulationJobs,
) -> Response[bytes]:
    """Publish; when open cases are to follow, only after a look at what that does to them."""
    writer.require(Role.ADMIN)
    form, language = await form_fields(request), language_of(request)
    given = {name: text_of(form, name) for name in _FIELDS}
    draft, office, now = await drafts.one(writer, draft_id), await policies.fresh(writer), clock.now()
    try:
        seen, newest = version_of(form), version_of(form, "if_version")
        if draft.version != seen:
            raise Stale("Somebody else has changed or published this draft in the meantime. Please look at it again.")
        applies, at_once = given["applies_to_open"] == "yes", given["when"] != "later"
        document = read_policy(draft.raw()).document
        if document is not None:
            document = msgspec.structs.replace(document, effective_from=now if at_once else _moment(given, office))
            # Before the effects are looked at: a date that is taken is chosen anew first.
            wrong = [each for each in beginning_problems(document, office, now) if each.pointer == "/effective_from"]
            if wrong:
                raise Invalid([field_problem(problem, language) for problem in wrong])
        if applies and (text_of(form, "do") != "publish" or text_of(form, "effects_of") != str(seen)):
            work = _effects(policies, writer, draft, office, now, language)
            tickets, job = await open_tickets(database, office.id), text_of(form, "hitung")
            counted = await count(simulations, writer, tickets, _subject(draft), work, job)
            return _review_page(request, draft, office, now, given, counted=counted)
        if document is None or place_problems(draft.raw(), office, now, language):
            return _review_page(request, draft, office, now, given, status=422)
        publication = Publication(
            document=document,
            why=given["why"],
            applies_to_open=applies,
            at_once=at_once,
            seen_version=newest,
            draft=(draft_id, seen),
        )
        version = await policies.publish(writer, publication, language)
    except Invalid as error:
        problems = {_field(p.pointer, given): field_text(p, language) for p in error.problems}
        return _review_page(request, draft, office, now, given, status=422, problems=problems)
    except Stale as error:
        # The draft and the versions as they are now; what was typed stands in the form again.
        fresh = await drafts.one(writer, draft_id)
        office = await policies.fresh(writer)
        return _review_page(request, fresh, office, now, given, status=412, stale=_words(request, error))
    return see_other(f"{ROOT}/{version}?terbit=1")


def _subject(draft: Draft) -> str:
    return f"policy:{draft.id}:{draft.version}"


def _effects(
    policies: Policies, viewer: Viewer, draft: Draft, office: Office, now: datetime, language: str
) -> EffectsWork:
    """The work of counting the draft's effects. Raises Invalid when the draft cannot be tried."""
    if place_problems(draft.raw(), office, now, language):
        raise Invalid([FieldProblem("/applies_to_open", "wrong_draft", "First correct what is wrong with the draft.")])
    policy, _ = draft_policy(draft.raw())
    would_be = with_policy(office, policy, now)
    return lambda progress: policies.effects(viewer, would_be, now, progress, "/applies_to_open")


def _moment(given: dict[str, str], office: Office) -> datetime:
    """Day and time of the office as a moment. Raises Invalid."""
    try:
        local = datetime.fromisoformat(f"{given['day']}T{given['time'] or '00:00'}")
    except ValueError as error:
        raise Invalid([FieldProblem("/effective_from", "not_a_moment", "Choose the day and time.")]) from error
    return local.replace(tzinfo=ZoneInfo(office.time_zone))


def _field(pointer: str, given: dict[str, str]) -> str:
    if pointer == "/effective_from":
        return "day" if given["when"] == "later" else "when"
    # A count in the background that has failed names no field.
    return pointer.strip("/") or _APPLIES


def _words(request: PageRequest, error: DomainError) -> str:
    return text(request, error.detail, **error.values)


def _review_page(
    request: PageRequest,
    draft: Draft,
    office: Office,
    now: datetime,
    given: dict[str, str],
    *,
    status: int = 200,
    problems: dict[str, str] | None = None,
    counted: OpenEffects | Counting | None = None,
    stale: str = "",
) -> Response[bytes]:
    language = language_of(request)
    current = office.policy_at(now)
    policy, _ = draft_policy(draft.raw())
    # When it takes effect is a question of this page.
    policy = msgspec.structs.replace(policy, effective_from=current.effective_from)
    wrong = place_problems(draft.raw(), office, now, language)
    context: dict[str, object] = {
        "draft": draft,
        "current": current.version,
        "newest": max(office.policies),
        "changes": [] if wrong else differences(current, policy, office, language),
        "wrong": [(words, _place(draft, pointer, rung)) for pointer, words, rung in wrong],
        "given": given,
        "problems": problems or {},
        **effects_context(counted, office.time_zone, language),
        "stale": stale,
    }
    return page(request, "management/policy_publish.html", context, status=status)


def _place(draft: Draft, pointer: str, rung: int | None) -> str:
    """Where a mistake can be corrected."""
    if rung is not None:
        return f"{DRAFTS}/{draft.id}/jenjang/{rung}"
    if pointer.startswith("/ladder"):
        return f"/admin/eskalasi?konsep={draft.id}"
    return f"{DRAFTS}/{draft.id}?periksa=1"


ROUTES: list[ControllerRouterHandler] = [review, publish]
