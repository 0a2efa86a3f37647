"""``/desk/panduan``: what citizens read before they file, written by officers. Only translate and call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database
from complaints_service.errors import Invalid, Stale
from complaints_service.guidance.form import blank, fields_of, words_from
from complaints_service.guidance.service import GuidanceDesk, require_editor
from complaints_service.guidance.view import event_rows, list_rows, preview, service_choices
from complaints_service.guidance.words import office_day
from complaints_service.i18n import translate
from complaints_service.office.guidance import Guidance, GuidanceWords
from complaints_service.office.store import OfficeStore
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text

ROOT = "/desk/panduan"
_LONGEST = 20_000
_CHANGED = "Somebody else has changed it in the meantime; their words stand below. Yours are still in the form: saving replaces theirs."


class Sent(msgspec.Struct, frozen=True):
    """The form as an officer sent it."""

    fields: dict[str, str]
    services: tuple[str, ...]

    @property
    def version(self) -> int:
        """The version that was read; what is no number is none that ever stood."""
        text = self.fields.get("version", "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


@get(ROOT, include_in_schema=False)
async def guidance_list(
    request: PageRequest, viewer: Viewer, database: Database, offices: OfficeStore, clock: OfficeClock
) -> Response[bytes]:
    """Every text, those that show now first, with whom it helped."""
    today = _today(viewer, clock)
    found = await GuidanceDesk(database, offices).standings(viewer, today)
    rows = list_rows(found, viewer.office, today, language_of(request))
    return page(request, "guidance/list.html", {"rows": rows})


@get(f"{ROOT}/baru", include_in_schema=False)
async def new_page(request: PageRequest, viewer: Viewer) -> Response[bytes]:
    """An empty form; ``jenis``: incident or answer."""
    require_editor(viewer)
    return _form(request, viewer, Sent(blank(request.query_params.get("jenis", "")), ()))


@post(f"{ROOT}/baru", include_in_schema=False, status_code=200)
async def add(request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore) -> Response[bytes]:
    """``step`` preview: how it will look, nothing saved; save: show it."""
    require_editor(writer)
    sent = await _sent(request)
    try:
        words = words_from(sent.fields, sent.services, writer.office)
        if sent.fields.get("step") != "save":
            return _form(request, writer, sent, words=words)
        await GuidanceDesk(database, offices).add(writer, words)
    except Invalid as error:
        return _form(request, writer, sent, error=error)
    return _see_other(ROOT)


@get(f"{ROOT}/{{guidance_id:int}}", include_in_schema=False)
async def edit_page(
    request: PageRequest, guidance_id: int, viewer: Viewer, database: Database, offices: OfficeStore
) -> Response[bytes]:
    """A text, how it looks, and who has changed it."""
    desk = GuidanceDesk(database, offices)
    one = await desk.one(viewer, guidance_id)
    events = event_rows(await desk.history(viewer, guidance_id), viewer.office, language_of(request))
    return _form(request, viewer, Sent(fields_of(one), one.services), words=one, saved=one, events=events)


@post(f"{ROOT}/{{guidance_id:int}}", include_in_schema=False, status_code=200)
async def change(
    request: PageRequest, guidance_id: int, writer: Viewer, database: Database, offices: OfficeStore
) -> Response[bytes]:
    """``step`` preview, save, hide or show. Of two who save at once the second sees both texts."""
    desk, sent = GuidanceDesk(database, offices), await _sent(request)
    step = sent.fields.get("step")
    one = await desk.one(writer, guidance_id)
    try:
        if step in ("hide", "show"):
            await desk.show(writer, guidance_id, sent.version, step == "show")
            return _see_other(ROOT)
        words = words_from({**sent.fields, "kind": one.kind.value}, sent.services, writer.office)
        if step != "save":
            return _form(request, writer, sent, words=words, saved=one)
        await desk.change(writer, guidance_id, sent.version, words)
    except Invalid as error:
        return _form(request, writer, sent, saved=one, error=error)
    except Stale:
        sent = Sent({**sent.fields, "version": str(one.version)}, sent.services)
        trouble = translate(language_of(request), _CHANGED)
        return _form(request, writer, sent, words=one, saved=one, trouble=trouble)
    return _see_other(ROOT)


def _today(viewer: Viewer, clock: OfficeClock) -> date:
    return office_day(clock.now(), viewer.office.time_zone)


async def _sent(request: PageRequest) -> Sent:
    form = await form_fields(request)
    fields = {
        name: value[:_LONGEST].replace("\0", "")
        for name, value in form.items()
        if isinstance(value, str) and name != "services"
    }
    return Sent(fields, tuple(str(value) for value in form.getall("services", [])))


def _form(
    request: PageRequest,
    viewer: Viewer,
    sent: Sent,
    *,
    words: GuidanceWords | None = None,
    saved: Guidance | None = None,
    events: Sequence[object] = (),
    error: Invalid | None = None,
    trouble: str = "",
) -> Response[bytes]:
    language = language_of(request)
    problems = {p.pointer.strip("/"): field_text(p, language) for p in error.problems} if error else {}
    fields = {**blank(sent.fields.get("kind", "")), **sent.fields}
    if saved is not None:
        fields["kind"] = saved.kind.value
    context = {
        "given": fields,
        "services": service_choices(viewer.office, sent.services, language),
        "problems": problems,
        "trouble": trouble,
        "looks": preview(words) if words is not None else [],
        "saved": saved,
        "events": events,
        "address": f"{ROOT}/{saved.id if saved else 'baru'}",
    }
    status = Stale.status if trouble else error.status if error else 200
    return page(request, "guidance/edit.html", context, status=status)


def _see_other(address: str) -> Response[bytes]:
    """303 to a page of our own."""
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": address})


ROUTES: list[ControllerRouterHandler] = [guidance_list, new_page, add, edit_page, change]
