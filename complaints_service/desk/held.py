"""``/desk/ditahan``: what looks like a flood. An officer releases it into the queue or rejects it, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.desk.api import OFFICERS
from complaints_service.errors import DomainError
from complaints_service.i18n import translate
from complaints_service.tickets.commands import Reject, Release
from complaints_service.tickets.file import HeldItem
from complaints_service.tickets.reading import NUMBER, TicketReader
from complaints_service.tickets.service import Tickets
from complaints_service.web.bodies import form_fields
from complaints_service.web.pages import PageRequest, page

MOST_SHOWN = 200
_REASON = "One of very many forms that were sent by a program"
_TEXT = (
    "Your complaint came among very many that a program had sent, and was taken for one of them. "
    "If it was yours, please file it again or come to us: we apologise and will look at it at once."
)
_ACTS = ("release", "reject")


class HeldGroup(msgspec.Struct, frozen=True):
    """Held tickets that say the very same; a group of one is among the ``others``."""

    excerpt: str
    items: tuple[HeldItem, ...]


def grouped(items: Iterable[HeldItem]) -> tuple[list[HeldGroup], list[HeldItem]]:
    """Those that say the same, the largest group first, and the others one by one."""
    groups: dict[str, list[HeldItem]] = {}
    for item in items:
        groups.setdefault(item.alike_key, []).append(item)
    alike = [HeldGroup(same[0].excerpt, tuple(same)) for same in groups.values() if len(same) > 1]
    others = [same[0] for same in groups.values() if len(same) == 1]
    return sorted(alike, key=lambda group: -len(group.items)), others


@get("/desk/ditahan", include_in_schema=False)
async def held_page(request: PageRequest, viewer: Viewer, reader: TicketReader) -> Response[bytes]:
    """What is held in the person's scope: the same words together, then the others."""
    viewer.require(*OFFICERS)
    found = await reader.held(viewer.scope(), viewer.office, viewer.person, MOST_SHOWN)
    groups, others = grouped(found)
    context = {
        "groups": groups,
        "others": others,
        "full": len(found) == MOST_SHOWN,
        "units": {unit.id: unit.name for unit in viewer.office.units.values()},
        "reject_text": translate("id", _TEXT),
        "done": _count(request.query_params, "selesai"),
        "left": _count(request.query_params, "tersisa"),
    }
    return page(request, "desk/held.html", context)


@post("/desk/ditahan", include_in_schema=False, status_code=303)
async def held_submit(request: PageRequest, writer: Viewer, tickets: Tickets) -> Response[bytes]:
    """Release or reject each that is ticked; one that somebody else has dealt with stops none of the others."""
    writer.require(*OFFICERS)
    form = await form_fields(request)
    act = str(form.get("act", ""))
    text = str(form.get("text", "")).strip() or translate("id", _TEXT)
    command = Reject(reason=translate("id", _REASON), text=text[:5_000]) if act == "reject" else Release()
    chosen = [str(value).partition(":") for value in form.getall("ticket", [])][:MOST_SHOWN]
    done = 0
    for number, _, version in chosen if act in _ACTS else []:
        if not NUMBER.fullmatch(number) or not (version.isascii() and version.isdigit()):
            continue
        try:
            await tickets.act(
                writer.office, number, command, writer.actor(), writer.scope(), expected_version=int(version[:9])
            )
        except DomainError:
            continue
        done += 1
    address = f"/desk/ditahan?selesai={done}&tersisa={len(chosen) - done}"
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": address})


def _count(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


ROUTES: list[ControllerRouterHandler] = [held_page, held_submit]
