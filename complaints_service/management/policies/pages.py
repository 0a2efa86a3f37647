"""``/admin/kebijakan`` and ``/admin/eskalasi``: versions on a time line, one, two compared, the ladder. Only translate and call."""

from __future__ import annotations

from datetime import datetime

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.errors import Invalid, Malformed, NotFound
from complaints_service.management.policies.differences import differences
from complaints_service.management.policies.draft_form import text_of
from complaints_service.management.policies.draft_view import draft_policy, place_problems
from complaints_service.management.policies.drafts import Drafts
from complaints_service.management.policies.service import Policies, VersionNote
from complaints_service.management.policies.standing import Standing, may_be_taken_back, standing_of, version_below
from complaints_service.management.policies.views import draft_rows, ladders, policy_content, version_rows
from complaints_service.office.model import Office, Policy, Role
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text

ROOT = "/admin/kebijakan"


@get(ROOT, include_in_schema=False)
async def versions(
    request: PageRequest, viewer: Viewer, policies: Policies, drafts: Drafts, clock: OfficeClock
) -> Response[bytes]:
    """What is in force, what is coming, what was; drafts; two versions to compare."""
    notes, language = await policies.versions(viewer), language_of(request)
    office, now = await policies.fresh(viewer), clock.now()
    current = office.policy_at(now)
    rows = version_rows(notes, office, now, language)
    context: dict[str, object] = {
        **policy_content(current, office, language),
        "current": next(row for row in rows if row.note.version == current.version),
        "rows": rows,
        "drafts": draft_rows(await drafts.all(viewer), office, language),
    }
    return page(request, "management/policies.html", context)


@get(ROOT + "/{version:int}", include_in_schema=False)
async def version_page(
    request: PageRequest, version: int, viewer: Viewer, policies: Policies, clock: OfficeClock
) -> Response[bytes]:
    """One version with who and why."""
    return await _version_page(request, version, viewer, policies, clock.now())


@post(ROOT + "/{version:int}", include_in_schema=False, status_code=303)
async def change_version(
    request: PageRequest, version: int, writer: Viewer, policies: Policies, clock: OfficeClock
) -> Response[bytes]:
    """Take a version back, or record who has confirmed its legal source."""
    writer.require(Role.ADMIN)
    form = await form_fields(request)
    why = text_of(form, "why")
    try:
        match text_of(form, "do"):
            case "withdraw":
                await policies.withdraw(writer, version, why)
            case "confirm":
                await policies.confirm(writer, version, text_of(form, "confirmed_by"), why)
            case _:
                raise Malformed("Please open the page again and use its form.")
    except Invalid as error:
        given = {name: text_of(form, name) for name in ("why", "confirmed_by")}
        problems = {p.pointer.strip("/"): field_text(p, language_of(request)) for p in error.problems}
        return await _version_page(request, version, writer, policies, clock.now(), given, problems)
    return see_other(f"{ROOT}/{version}")


async def _version_page(
    request: PageRequest,
    version: int,
    viewer: Viewer,
    policies: Policies,
    now: datetime,
    given: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
) -> Response[bytes]:
    notes, language = await policies.versions(viewer), language_of(request)
    office = await policies.fresh(viewer)
    policy = _known(office, version)
    row = next(row for row in version_rows(notes, office, now, language) if row.note.version == version)
    before = _version_before(policy, office, notes)
    context: dict[str, object] = {
        **policy_content(policy, office, language),
        "row": row,
        "before": before.version if before is not None else None,
        "changes": differences(before, policy, office, language) if before is not None else [],
        "published": "terbit" in request.query_params,
        "may_withdraw": may_be_taken_back(policy, office, now),
        "below": version_below(policy, office, now) if row.standing is Standing.IN_FORCE else None,
        "may_confirm": row.standing is Standing.IN_FORCE,
        "given": given or {"why": "", "confirmed_by": viewer.person.name},
        "problems": problems or {},
    }
    return page(request, "management/policy_version.html", context, status=422 if problems else 200)


def _version_before(policy: Policy, office: Office, notes: list[VersionNote]) -> Policy | None:
    """What was in force when this version was to take over."""
    taken_back = {note.version for note in notes if note.withdrawn_at is not None}
    earlier = [
        other
        for other in office.policies.values()
        if other.effective_from < policy.effective_from and other.version not in taken_back
    ]
    return max(earlier, key=lambda other: other.effective_from, default=None)


@get(ROOT + "/banding", include_in_schema=False)
async def compare(request: PageRequest, viewer: Viewer, policies: Policies, clock: OfficeClock) -> Response[bytes]:
    """What is different between two versions (``dari``, ``ke``)."""
    notes, language = await policies.versions(viewer), language_of(request)
    office = await policies.fresh(viewer)
    first, second = (_known(office, _number(request.query_params.get(name, ""))) for name in ("dari", "ke"))
    context: dict[str, object] = {
        "rows": version_rows(notes, office, clock.now(), language),
        "a": first.version,
        "b": second.version,
        "changes": differences(first, second, office, language),
    }
    return page(request, "management/policy_compare.html", context)


@get("/admin/eskalasi", include_in_schema=False)
async def ladder(
    request: PageRequest, viewer: Viewer, policies: Policies, drafts: Drafts, clock: OfficeClock
) -> Response[bytes]:
    """The ladder of the version in force, of another one (``versi``) or of a draft (``konsep``)."""
    viewer.require(Role.ADMIN)
    office, now, language = await policies.fresh(viewer), clock.now(), language_of(request)
    if asked := request.query_params.get("konsep", ""):
        draft = await drafts.one(viewer, _number(asked))
        raw = draft.raw()
        policy, places = draft_policy(raw)
        problems = place_problems(raw, office, now, language)
        context: dict[str, object] = {
            "draft": draft,
            "version": None,
            "standing": None,
            "problems": [(text, place) for pointer, text, place in problems if pointer.startswith("/ladder")],
            "ladders": ladders(
                policy, office, language, places, frozenset(place for _, _, place in problems if place is not None)
            ),
        }
    else:
        asked = request.query_params.get("versi", "")
        policy = _known(office, _number(asked)) if asked else office.policy_at(now)
        context = {
            "draft": None,
            "version": policy.version,
            "standing": standing_of(policy.version, office, now),
            "problems": [],
            "ladders": ladders(policy, office, language),
        }
    context["drafts"] = draft_rows(await drafts.all(viewer), office, language)
    return page(request, "management/ladder.html", context)


def _known(office: Office, version: int) -> Policy:
    policy = office.policies.get(version)
    if policy is None:
        raise NotFound
    return policy


def _number(words: str) -> int:
    """An id or version of an address. Raises NotFound."""
    if not (words.isascii() and words.isdigit() and len(words) < 10):
        raise NotFound
    return int(words)


def see_other(address: str) -> Response[bytes]:
    """303 to a page of our own."""
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": address})


ROUTES: list[ControllerRouterHandler] = [versions, version_page, change_version, compare, ladder]
