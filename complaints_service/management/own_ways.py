"""How a person of the office wants to be told: e-mail, WhatsApp or both, never none. Page ``/saya`` and ``/api/v1/people/me/ways``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post, put
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from complaints_service.accounts.model import Viewer
from complaints_service.database import SYSTEM, Database, queries
from complaints_service.errors import FieldProblem, Invalid
from complaints_service.i18n import translate
from complaints_service.intake.complaint_form import normalized_phone
from complaints_service.intake.web.routes import json_response
from complaints_service.management.settings_events import LONGEST_WHY, Setting, add_office_event
from complaints_service.office.model import Person
from complaints_service.office.store import OfficeStore
from complaints_service.settings import Settings, WhatsAppProvider
from complaints_service.web.bodies import form_fields, read_json
from complaints_service.web.i18n import language_of
from complaints_service.web.operations import Api
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.problems import field_text

Way = Literal["email", "whatsapp"]
WAYS: tuple[Way, ...] = ("email", "whatsapp")
LONGEST_NUMBER = 40


class OwnWays(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The choice; ``whatsapp``: a telephone number written any way, needed for that way. ``why``: for the log, when there is a reason."""

    ways: Annotated[list[Way], Meta(min_length=1, max_length=2)]
    whatsapp: Annotated[str, Meta(max_length=LONGEST_NUMBER)] | None = None
    why: Annotated[str, Meta(max_length=LONGEST_WHY)] = ""


class OwnWaysAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The choice as it is kept, the number in E.164; ``email``: where mails go (an administrator sets it)."""

    ways: tuple[str, ...]
    whatsapp: str | None
    email: str | None


async def choose_ways(
    database: Database, offices: OfficeStore, viewer: Viewer, wanted: OwnWays, language: str
) -> Person:
    """Keep the person's own choice, with its event; without a reason its why is that it was the own choice, in the person's language.

    Raises Invalid: no way left, or a number that cannot be one.
    """
    person, number = viewer.person, None
    if wanted.whatsapp and wanted.whatsapp.strip():
        number = normalized_phone(wanted.whatsapp.strip())
        if number is None:
            raise Invalid([FieldProblem("/whatsapp", "phone", "Write a telephone number, for example 0812-3456-7890.")])
    ways = [way for way in WAYS if way in wanted.ways]
    if not ways:
        raise Invalid([FieldProblem("/ways", "required", "Choose at least one way: your escalations must reach you.")])
    if "whatsapp" in ways and number is None:
        raise Invalid([FieldProblem("/whatsapp", "required", "Write the number at which WhatsApp reaches you.")])
    if ways == ["email"] and not person.email:
        raise Invalid([FieldProblem("/ways", "no_address", "Nobody has entered an e-mail address for you yet.")])
    async with database.transaction(SYSTEM) as connection:
        await queries("settings").set_ways(
            connection, office_id=viewer.office.id, person_id=person.id, ways=ways, whatsapp=number
        )
        await add_office_event(
            connection,
            office_id=viewer.office.id,
            person_id=person.id,
            what=Setting.WAYS,
            subject=str(person.id),
            why=wanted.why.strip() or translate(language, "Own choice"),
            act="chosen",
            before={"ways": list(person.ways)},
            after={"ways": ways},
        )
    await offices.reload(viewer.office.id)
    return msgspec.structs.replace(person, ways=tuple(ways), whatsapp=number)


@get("/api/v1/people/me/ways", summary="How I am told")
async def own_ways(viewer: Viewer) -> OwnWaysAnswer:
    """The signed-in person's own choice."""
    return _answer(viewer.person)


@put(
    "/api/v1/people/me/ways",
    summary="Choose how I am told",
    api=Api(reads=OwnWays, gives=OwnWaysAnswer),
)
async def put_own_ways(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore
) -> Response[bytes]:
    """E-mail, WhatsApp or both; 422 for none."""
    wanted = await read_json(request, OwnWays)
    return json_response(_answer(await choose_ways(database, offices, writer, wanted, language_of(request))))


@get("/saya", include_in_schema=False)
async def own_page(request: PageRequest, viewer: Viewer, settings: Settings) -> Response[bytes]:
    """The person's own settings."""
    person = viewer.person
    return _page(
        request, person, settings, person.ways, person.whatsapp or "", {}, saved="saved" in request.query_params
    )


@post("/saya", include_in_schema=False, status_code=303)
async def save_own_page(
    request: PageRequest, writer: Viewer, database: Database, offices: OfficeStore, settings: Settings
) -> Response[bytes]:
    """Keep the form; mistakes show it again with everything that was written."""
    form = await form_fields(request)
    ways: list[Way] = [way for way in WAYS if form.get(f"way_{way}") == "on"]
    number, why = (str(form.get(name, "")).replace("\x00", "") for name in ("whatsapp", "why"))
    try:
        if len(number) > LONGEST_NUMBER:
            raise Invalid([FieldProblem("/whatsapp", "too_long", "This is too long. Please shorten it.")])
        if len(why) > LONGEST_WHY:
            raise Invalid([FieldProblem("/why", "too_long", "Shorten it to at most {limit}.", {"limit": LONGEST_WHY})])
        wanted = OwnWays(ways=ways, whatsapp=number or None, why=why)
        await choose_ways(database, offices, writer, wanted, language_of(request))
    except Invalid as error:
        problems = {p.pointer.strip("/"): field_text(p, language_of(request)) for p in error.problems}
        return _page(request, writer.person, settings, ways, number, problems, why=why, status=error.status)
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": "/saya?saved"})


def _answer(person: Person) -> OwnWaysAnswer:
    return OwnWaysAnswer(ways=person.ways, whatsapp=person.whatsapp, email=person.email)


def _page(
    request: PageRequest,
    person: Person,
    settings: Settings,
    ways: Sequence[str],
    number: str,
    problems: dict[str, str],
    *,
    why: str = "",
    saved: bool = False,
    status: int = 200,
) -> Response[bytes]:
    values = {
        "person": person,
        "ways": ways,
        "number": number,
        "why": why,
        "problems": problems,
        "saved": saved,
        "gateway": settings.whatsapp_provider is not WhatsAppProvider.NONE,
    }
    return page(request, "management/own_ways.html", values, status=status)


ROUTES: list[ControllerRouterHandler] = [own_ways, put_own_ways, own_page, save_own_page]
