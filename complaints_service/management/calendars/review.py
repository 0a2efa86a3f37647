"""``/admin/kalender``: review and publish, versions, comparison. Only translate and call."""

from __future__ import annotations

from collections.abc import Mapping

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import DomainError, FieldProblem, Invalid, NotFound
from complaints_service.management.calendars import forms, view
from complaints_service.management.calendars.model import Draft, NewVersion
from complaints_service.management.calendars.routes import ROOT, calendars_of, problems_of, see_other
from complaints_service.management.calendars.service import Calendars
from complaints_service.management.effects_count import Counting, count, few, look
from complaints_service.management.effects_view import effects_context
from complaints_service.management.settings_events import LONGEST_WHY
from complaints_service.office.store import OfficeStore
from complaints_service.sla.effects import OpenEffects, open_tickets
from complaints_service.sla.simulation_jobs import SimulationJobs
from complaints_service.waker import Waker
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page

SHORTEST_WHY = 3


@get(ROOT + "/tinjau", include_in_schema=False)
async def review(
    request: PageRequest,
    viewer: Viewer,
    database: Database,
    offices: OfficeStore,
    clock: OfficeClock,
    simulations: SimulationJobs,
) -> Response[bytes]:
    """What the draft changes, and what that does to open tickets; ``hitung``: as a run in the background counts it."""
    calendars = calendars_of(viewer, database, offices, clock)
    words = {"hitung": request.query_params.get("hitung", "")}
    return await _review_page(request, viewer, calendars, simulations, words, {}, 200)


@post(ROOT + "/tinjau", include_in_schema=False, status_code=303)
async def publish(
    request: PageRequest,
    writer: Viewer,
    database: Database,
    offices: OfficeStore,
    clock: OfficeClock,
    waker: Waker,
    simulations: SimulationJobs,
) -> Response[bytes]:
    """Publish the draft; ``act`` renew: put it on top of what somebody else has published; count: begin to count its effects."""
    calendars = calendars_of(writer, database, offices, clock)
    words = forms.words_of(await form_fields(request))
    try:
        if words.get("act") == "renew":
            await calendars.renew_draft(writer)
            return see_other(f"{ROOT}/tinjau")
        draft = await calendars.draft(writer)
        if draft is None:
            return see_other(ROOT)
        if words.get("act") == "count":
            return await _review_page(request, writer, calendars, simulations, words, {}, 200)
        made = await calendars.publish(writer, _new_version(draft, words))
    except DomainError as error:
        problems = problems_of(request, error)
        return await _review_page(request, writer, calendars, simulations, words, problems, error.status)
    waker.wake()
    return see_other(f"{ROOT}/riwayat?terbit={made.version}")


def _new_version(draft: Draft, words: Mapping[str, str]) -> NewVersion:
    seen = words.get("if_version", "")
    return NewVersion(
        document=draft.document,
        confirmed_through=draft.confirmed_through,
        why=why_of(words.get("why", "")),
        applies_to_open=words.get("applies_to_open", "") == "yes",
        if_version=int(seen) if seen.isdecimal() and len(seen) < 10 else 0,
    )


def why_of(text: str) -> str:
    """The reason of a change. Raises Invalid for none, and for one that is too long."""
    if len(text) < SHORTEST_WHY:
        raise Invalid([FieldProblem("/why", "required", "Write why the calendar changes.")])
    if len(text) > LONGEST_WHY:
        raise Invalid([FieldProblem("/why", "too_long", "Shorten it to at most {limit}.", {"limit": LONGEST_WHY})])
    return text


@get(ROOT + "/riwayat", include_in_schema=False)
async def history(
    request: PageRequest, viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Every version with who, when and why."""
    calendars = calendars_of(viewer, database, offices, clock)
    versions = await calendars.versions(viewer.office.id)
    published = request.query_params.get("terbit", "")
    context = {
        "rows": view.version_rows(versions, viewer.office, language_of(request)),
        "published": published if any(str(each.version) == published for each in versions) else None,
        "draft": await calendars.draft(viewer),
    }
    return page(request, "management/calendar_history.html", context)


@post(ROOT + "/riwayat", include_in_schema=False, status_code=303)
async def take_back(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Make an older version the draft; published, it is a new version."""
    calendars = calendars_of(writer, database, offices, clock)
    asked = str((await form_fields(request)).get("version", ""))
    older = await calendars.version(writer.office.id, _number(asked))
    latest = await calendars.latest(writer.office.id)
    begun = Draft(base=latest.version, document=older.document, confirmed_through=older.confirmed_through)
    await calendars.change_draft(writer, lambda draft: draft, from_document=begun)
    return see_other(f"{ROOT}/tinjau")


@get(ROOT + "/banding", include_in_schema=False)
async def compare(
    request: PageRequest, viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """What differs between two versions (``dari``, ``ke``)."""
    calendars, language = calendars_of(viewer, database, offices, clock), language_of(request)
    versions = await calendars.versions(viewer.office.id)
    first = await calendars.version(viewer.office.id, _number(request.query_params.get("dari", "")))
    second = await calendars.version(viewer.office.id, _number(request.query_params.get("ke", "")))
    context = {
        "rows": view.change_rows(first, view.as_draft(second), language),
        "first": first,
        "second": second,
        "numbers": [each.version for each in versions],
        "second_who": view.who(viewer.office, second.created_by, language),
    }
    return page(request, "management/calendar_compare.html", context)


async def _review_page(
    request: PageRequest,
    viewer: Viewer,
    calendars: Calendars,
    simulations: SimulationJobs,
    words: Mapping[str, str],
    problems: Mapping[str, str],
    status: int,
) -> Response[bytes]:
    language = language_of(request)
    draft, latest = await calendars.draft(viewer), await calendars.latest(viewer.office.id)
    if draft is None:
        return see_other(ROOT)
    trouble = dict(problems)
    tickets = await open_tickets(calendars.database, viewer.office.id)
    counted: OpenEffects | Counting | None = None
    subject, job = f"calendar:{draft.changed_at}", words.get("hitung", "")
    try:
        calendars.check(draft.document)
        if few(tickets) or words.get("act") == "count":
            counted = await count(
                simulations,
                viewer,
                tickets,
                subject,
                lambda progress: calendars.effects(viewer, draft.document, progress),
                job,
            )
        else:
            counted = await look(simulations, viewer, subject, job)
    except Invalid as error:
        trouble.setdefault("form", next(iter(problems_of(request, error).values())))
    follows = words.get("applies_to_open", "" if request.method == "POST" else "yes")
    context = {
        "rows": view.change_rows(latest, draft, language),
        "latest": latest,
        "behind": draft.base != latest.version,
        "latest_who": view.who(viewer.office, latest.created_by, language),
        "tickets": tickets,
        **effects_context(counted, viewer.office.time_zone, language),
        "given": {"why": words.get("why", ""), "applies_to_open": follows},
        "problems": trouble,
    }
    return page(request, "management/calendar_review.html", context, status=status)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise NotFound
    return int(text)


ROUTES: list[ControllerRouterHandler] = [review, publish, history, take_back, compare]
