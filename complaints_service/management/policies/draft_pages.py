"""``/admin/kebijakan/konsep``: a draft is written row by row, and published after a look at what it does. Only translate and call."""

from __future__ import annotations

import itertools
from collections.abc import Container, Mapping
from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.errors import FieldProblem, Invalid, Malformed, NotFound, Stale
from complaints_service.i18n import translate
from complaints_service.management.policies.draft_form import Raw, changed, from_form, text_of
from complaints_service.management.policies.draft_view import field_errors, form_context, place_problems, summary
from complaints_service.management.policies.drafts import LONGEST_NAME, Draft, Drafts
from complaints_service.management.policies.pages import ROOT, see_other
from complaints_service.management.policies.service import Policies
from complaints_service.management.policies.views import person_name
from complaints_service.office.model import Office, Role
from complaints_service.sla.policy_document import document_of
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text

DRAFTS = ROOT + "/konsep"


@get(DRAFTS, include_in_schema=False)
async def back_to_list(viewer: Viewer) -> Response[bytes]:
    """Where somebody arrives whose session had ended when the form was sent, after signing in again."""
    viewer.require(Role.ADMIN)
    return see_other(ROOT)


def told_apart(name: str, taken: Container[str]) -> str:
    """The name, with a number where another draft has it: lists (the simulation's) show nothing but names."""
    candidates = itertools.chain([name], (f"{name} ({n})" for n in itertools.count(2)))
    return next(candidate for candidate in candidates if candidate not in taken)


@post(DRAFTS, include_in_schema=False, status_code=303)
async def begin(
    request: PageRequest, writer: Viewer, policies: Policies, drafts: Drafts, clock: OfficeClock
) -> Response[bytes]:
    """A draft that starts as a copy of a version (``versi``; the one in force without it)."""
    writer.require(Role.ADMIN)
    form, language = await form_fields(request), language_of(request)
    office, asked = await policies.fresh(writer), text_of(form, "versi")
    policy = office.policies.get(int(asked)) if asked.isdecimal() and len(asked) < 10 else office.policy_at(clock.now())
    if policy is None:
        raise NotFound
    taken = {draft.name for draft in await drafts.all(writer)}
    name = text_of(form, "name") or told_apart(translate(language, "Changes to version {n}", n=policy.version), taken)
    document = msgspec.structs.replace(document_of(policy), effective_from=clock.now())
    draft_id = await drafts.add(writer, name[:LONGEST_NAME], document)
    return see_other(
        f"/admin/eskalasi?konsep={draft_id}" if text_of(form, "to") == "ladder" else f"{DRAFTS}/{draft_id}"
    )


@get(DRAFTS + "/{draft_id:int}", include_in_schema=False)
async def draft_page(
    request: PageRequest, draft_id: int, viewer: Viewer, policies: Policies, drafts: Drafts, clock: OfficeClock
) -> Response[bytes]:
    """The draft's form. ``periksa``: with everything that is wrong beside its field; ``disimpan``: it has just been saved."""
    draft = await drafts.one(viewer, draft_id)
    office = await policies.fresh(viewer)
    asked = request.query_params
    return _draft_page(
        request, draft, draft.raw(), office, clock.now(), shows_errors="periksa" in asked, saved="disimpan" in asked
    )


@post(DRAFTS + "/{draft_id:int}", include_in_schema=False, status_code=303)
async def change_draft(
    request: PageRequest, draft_id: int, writer: Viewer, policies: Policies, drafts: Drafts, clock: OfficeClock
) -> Response[bytes]:
    """Save what was typed, whatever it is, and then do what the button says: check, add, remove or move a row, delete, go on."""
    writer.require(Role.ADMIN)
    form = await form_fields(request)
    deed, seen_version = text_of(form, "do") or "save", version_of(form)
    if deed == "delete":
        await drafts.delete(writer, draft_id, seen_version)
        return see_other(ROOT)
    draft, office, now = await drafts.one(writer, draft_id), await policies.fresh(writer), clock.now()
    raw, row = changed(from_form(form, draft.raw()), deed)
    name = text_of(form, "name")
    try:
        await drafts.save(writer, draft_id, seen_version, name, raw)
    except Stale:
        # Nothing is lost: what was typed stands in the form again, and sending it once more replaces the other's.
        return _draft_page(request, draft, raw, office, now, status=412, name=name, other=draft)
    except Invalid as error:
        return _draft_page(request, draft, raw, office, now, status=422, name=name, problems=error.problems)
    if deed not in ("save", "publish", "ladder"):
        return see_other(f"{DRAFTS}/{draft_id}" + (f"#{row}" if row else ""))
    if deed == "ladder":
        return see_other(f"/admin/eskalasi?konsep={draft_id}")
    wrong = [p for p in place_problems(raw, office, now, language_of(request)) if not p[0].startswith("/ladder")]
    if wrong:
        saved = await drafts.one(writer, draft_id)
        return _draft_page(request, saved, raw, office, now, status=422, shows_errors=True)
    return see_other(f"{DRAFTS}/{draft_id}/terbitkan" if deed == "publish" else f"{DRAFTS}/{draft_id}?disimpan=1")


def version_of(form: Mapping[str, object], name: str = "version") -> int:
    """The version a form was made for. Raises Malformed when it is not of our page."""
    words = text_of(form, name)
    if not (words.isascii() and words.isdigit() and len(words) < 10):
        raise Malformed("Please open the page again and use its form.")
    return int(words)


def _draft_page(
    request: PageRequest,
    draft: Draft,
    raw: Raw,
    office: Office,
    now: datetime,
    *,
    status: int = 200,
    shows_errors: bool = False,
    saved: bool = False,
    name: str | None = None,
    other: Draft | None = None,
    problems: list[FieldProblem] | None = None,
) -> Response[bytes]:
    """``draft`` gives the version that the form is made for; ``raw`` is what its fields show."""
    language = language_of(request)
    wrong = place_problems(raw, office, now, language)
    own = [problem for problem in wrong if not problem[0].startswith("/ladder")]
    errors = field_errors(own) if shows_errors else {}
    errors |= {p.pointer.strip("/"): field_text(p, language) for p in problems or []}
    context: dict[str, object] = {
        **form_context(raw, office, language),
        "draft": draft,
        "name": draft.name if name is None else name,
        "changed_by": person_name(draft.changed_by, office, language),
        "errors": errors,
        "summary": summary(errors, raw, language),
        "wrong": len(own),
        "wrong_rungs": len(wrong) - len(own),
        "saved": saved,
        "other": other,
    }
    return page(request, "management/policy_draft.html", context, status=status)


ROUTES: list[ControllerRouterHandler] = [back_to_list, begin, draft_page, change_draft]
