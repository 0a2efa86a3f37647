"""One rung of a draft's ladder as a form; rungs added, moved and removed. Only translate and call."""

from __future__ import annotations

from datetime import datetime

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.errors import Malformed, NotFound, Stale
from complaints_service.management.policies.draft_form import Raw, changed, entries, text_of
from complaints_service.management.policies.draft_pages import DRAFTS, version_of
from complaints_service.management.policies.draft_view import place_problems
from complaints_service.management.policies.drafts import Draft, Drafts
from complaints_service.management.policies.pages import see_other
from complaints_service.management.policies.rung_form import from_form, to_form, with_new_rung
from complaints_service.management.policies.rung_view import rung_context, rung_errors
from complaints_service.management.policies.service import Policies
from complaints_service.office.model import Office, Role
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page

RUNGS = DRAFTS + "/{draft_id:int}/jenjang"


@get(RUNGS, include_in_schema=False)
async def back_to_ladder(draft_id: int, viewer: Viewer) -> Response[bytes]:
    """Where somebody arrives whose session had ended when the button was pressed, after signing in again."""
    viewer.require(Role.ADMIN)
    return see_other(f"/admin/eskalasi?konsep={draft_id}")


@post(RUNGS, include_in_schema=False, status_code=303)
async def change_ladder(
    request: PageRequest, draft_id: int, writer: Viewer, policies: Policies, drafts: Drafts
) -> Response[bytes]:
    """Add a rung ("add.answer"), move or remove one ("up.ladder.3")."""
    writer.require(Role.ADMIN)
    form = await form_fields(request)
    deed, seen_version = text_of(form, "do"), version_of(form)
    draft, office = await drafts.one(writer, draft_id), await policies.fresh(writer)
    raw = draft.raw()
    if deed.startswith("add."):
        used = frozenset(rung.key for policy in office.policies.values() for rung in policy.rungs)
        raw, place = with_new_rung(raw, deed.removeprefix("add."), used)
        if place < 0:
            raise Malformed("Please open the page again and use its form.")
        await drafts.save(writer, draft_id, seen_version, draft.name, raw)
        return see_other(f"{DRAFTS}/{draft_id}/jenjang/{place}")
    raw, row = changed(raw, deed)
    await drafts.save(writer, draft_id, seen_version, draft.name, raw)
    return see_other(f"/admin/eskalasi?konsep={draft_id}" + (f"#{row}" if row else ""))


@get(RUNGS + "/{place:int}", include_in_schema=False)
async def rung_page(
    request: PageRequest,
    draft_id: int,
    place: int,
    viewer: Viewer,
    policies: Policies,
    drafts: Drafts,
    clock: OfficeClock,
) -> Response[bytes]:
    """The rung's form."""
    draft = await drafts.one(viewer, draft_id)
    office = await policies.fresh(viewer)
    rung = _rung(draft.raw(), place)
    return _rung_page(request, draft, place, rung, to_form(rung), office, clock.now())


@post(RUNGS + "/{place:int}", include_in_schema=False, status_code=303)
async def change_rung(
    request: PageRequest,
    draft_id: int,
    place: int,
    writer: Viewer,
    policies: Policies,
    drafts: Drafts,
    clock: OfficeClock,
) -> Response[bytes]:
    """Save the rung as typed, or remove it."""
    writer.require(Role.ADMIN)
    form = await form_fields(request)
    draft, office, now = await drafts.one(writer, draft_id), await policies.fresh(writer), clock.now()
    raw, seen_version = draft.raw(), version_of(form)
    stored = _rung(raw, place)
    if text_of(form, "do") == "remove":
        raw, _ = changed(raw, f"remove.ladder.{place}")
        await drafts.save(writer, draft_id, seen_version, draft.name, raw)
        return see_other(f"/admin/eskalasi?konsep={draft_id}#{stored.get('target')}")
    rung = from_form(form, stored)
    if text_of(form, "key") != str(stored.get("key")):
        # Somebody else has moved the rungs: what was typed belongs to another one.
        given = {name: text_of(form, name) for name in form}
        return _rung_page(request, draft, place, stored, given, office, now, status=412)
    rungs = entries(raw, "ladder")
    rungs[place] = rung
    raw = {**raw, "ladder": rungs}
    given = {name: text_of(form, name) for name in form}
    try:
        await drafts.save(writer, draft_id, seen_version, draft.name, raw)
    except Stale:
        return _rung_page(request, draft, place, stored, given, office, now, status=412)
    problems = place_problems(raw, office, now, language_of(request))
    if any(at == place for _, _, at in problems):
        saved = await drafts.one(writer, draft_id)
        return _rung_page(request, saved, place, rung, given, office, now, status=422)
    return see_other(f"/admin/eskalasi?konsep={draft_id}#ladder-{place}")


def _rung_page(
    request: PageRequest,
    draft: Draft,
    place: int,
    rung: Raw,
    given: dict[str, str],
    office: Office,
    now: datetime,
    *,
    status: int = 200,
) -> Response[bytes]:
    language = language_of(request)
    problems = place_problems(draft.raw(), office, now, language) if status == 422 else []
    context: dict[str, object] = {
        **rung_context(rung, language),
        "draft": draft,
        "place": place,
        "rung": rung,
        "given": given,
        "errors": rung_errors(problems, place),
        "stale": status == 412,
    }
    return page(request, "management/ladder_rung.html", context, status=status)


def _rung(raw: Raw, place: int) -> Raw:
    rungs = entries(raw, "ladder")
    if place >= len(rungs):
        raise NotFound
    return rungs[place]


ROUTES: list[ControllerRouterHandler] = [back_to_ladder, change_ladder, rung_page, change_rung]
