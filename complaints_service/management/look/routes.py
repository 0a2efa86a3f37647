"""``/admin/kantor``: name, contact, colours, logo and texts of the office. Only translate and call."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.database import Database
from complaints_service.errors import FieldProblem, Invalid, Stale
from complaints_service.i18n import translate
from complaints_service.management.look.form import fields_of, identity_from, why_of
from complaints_service.management.look.logo import MOST_BYTES, small_logo
from complaints_service.management.look.service import LookDesk
from complaints_service.office.model import Office, Role
from complaints_service.office.settings_events import SettingEvent, compare_documents
from complaints_service.office.store import OfficeStore
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text

ROOT = "/admin/kantor"
_LONGEST = 5_000
_CHANGED = "Somebody else has changed it in the meantime. Yours is still in the form: saving replaces theirs."
FIELD_NAMES = {
    "name": "Name", "short_name": "Short name", "address": "Address", "phone": "Telephone",
    "contact": "Further contact or opening hours", "accent": "Colour, light theme", "accent_dark": "Colour, dark theme",
    "greeting_id": "Greeting on the first page, Indonesian", "greeting_en": "Greeting on the first page, English",
    "kiosk_id": "Opening words of the kiosk, Indonesian", "kiosk_en": "Opening words of the kiosk, English", "logo": "Logo",
}  # fmt: skip


class Change(msgspec.Struct, frozen=True):
    """One entry of the history."""

    event: SettingEvent
    person: str
    fields: str


@get(ROOT, include_in_schema=False)
async def look_page(request: PageRequest, viewer: Viewer, database: Database, offices: OfficeStore) -> Response[bytes]:
    """How the office shows itself now, and who has changed it when and why."""
    viewer.require(Role.ADMIN)
    return await _show(request, viewer, LookDesk(database, offices), fields_of(viewer.office))


@post(ROOT, include_in_schema=False, status_code=303)
async def look_submit(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore
) -> Response[bytes]:
    """Save all fields; wrong ones come back (422), and so does everything when somebody else was first (412)."""
    writer.require(Role.ADMIN)
    desk, fields = LookDesk(database, offices), await _fields(request)
    try:
        await desk.change(writer, _version(fields), identity_from(fields, writer.office), fields["why"].strip())
    except (Invalid, Stale) as error:
        return await _show(request, writer, desk, fields, error)
    return _see_other(f"{ROOT}?ok")


@post(f"{ROOT}/logo", include_in_schema=False, status_code=303, request_max_body_size=MOST_BYTES + 256 * 1024)
async def logo_submit(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore
) -> Response[bytes]:
    """``step`` remove: the service's own mark again; else the picture in the field ``logo``."""
    writer.require(Role.ADMIN)
    desk, fields = LookDesk(database, offices), await _fields(request)
    problems: list[FieldProblem] = []
    why = why_of({"why": fields.get("logo_why", "")}, problems)
    try:
        if problems:
            raise Invalid([FieldProblem("/logo_why", p.code, p.detail) for p in problems])
        if fields.get("step") == "remove":
            await desk.take_logo_away(writer, _version(fields), why)
        else:
            sent = (await form_fields(request)).get("logo")
            content = await sent.read() if isinstance(sent, UploadFile) else b""
            await desk.put_logo(writer, _version(fields), await small_logo(content), why)
    except (Invalid, Stale) as error:
        given = {**fields_of(writer.office), "logo_why": fields.get("logo_why", "")}
        return await _show(request, writer, desk, given, error)
    return _see_other(f"{ROOT}?ok")


@get(f"{ROOT}/logo", include_in_schema=False)
async def back_to_look(viewer: Viewer) -> Response[bytes]:
    """Where somebody arrives whose session had ended when the form was sent, after signing in again."""
    return _see_other(ROOT)


async def _fields(request: PageRequest) -> dict[str, str]:
    form = await form_fields(request)
    named = {name: value for name, value in form.items() if isinstance(value, str)}
    return {"why": "", **{name: value[:_LONGEST].replace("\0", "") for name, value in named.items()}}


def _version(fields: Mapping[str, str]) -> int:
    text = fields.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


async def _show(
    request: PageRequest,
    viewer: Viewer,
    desk: LookDesk,
    fields: Mapping[str, str],
    error: Invalid | Stale | None = None,
) -> Response[bytes]:
    language = language_of(request)
    problems = (
        {p.pointer.strip("/"): field_text(p, language) for p in error.problems} if isinstance(error, Invalid) else {}
    )
    now = fields_of(viewer.office)
    given = {**now, "logo_why": "", **fields}
    if isinstance(error, Stale):
        given["version"] = now["version"]
    context = {
        "given": given,
        "problems": problems,
        "trouble": translate(language, _CHANGED) if isinstance(error, Stale) else "",
        "done": "ok" in request.query_params and error is None,
        "changes": [_change(event, viewer.office, language) for event in await desk.history(viewer.office)],
    }
    return page(request, "management/look.html", context, status=error.status if error is not None else 200)


def _change(event: SettingEvent, office: Office, language: str) -> Change:
    names = [d.pointer.rpartition("/")[2] for d in compare_documents(event.before, event.after)]
    told = [translate(language, FIELD_NAMES[name]) for name in names if name in FIELD_NAMES]
    person = office.people.get(event.person_id)
    return Change(event, person.name if person else "", ", ".join(told))


def _see_other(address: str) -> Response[bytes]:
    """303 to a page of our own."""
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": address})


ROUTES: list[ControllerRouterHandler] = [look_page, look_submit, logo_submit, back_to_look]
