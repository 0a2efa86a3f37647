"""What publishing did to open tickets: the progress of the work as page and API."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, get
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import SYSTEM, Database, queries
from complaints_service.intake.web.routes import json_response
from complaints_service.office.model import Role
from complaints_service.web.operations import Api
from complaints_service.web.pages import PageRequest, page

MOST_SHOWN = 20
PAGE = "/admin/hitung-ulang"


class Recompute(msgspec.Struct, frozen=True, kw_only=True):
    """The work of bringing open tickets to a version. ``cause``: calendar or policy; ``state``: running or done.

    ``looked_at`` of ``total`` tickets so far; the other counts are deadlines. ``due_at``: when it begins.
    """

    id: int
    cause: str
    version: int
    state: str
    looked_at: int
    total: int
    moved: int
    moved_later: int
    breached: int
    made_at: datetime
    due_at: datetime
    ended_at: datetime | None


class RecomputeList(msgspec.Struct, frozen=True):
    """The newest first; there is never a second page."""

    items: list[Recompute]
    next_cursor: str | None = None


async def recomputes_of(database: Database, office_id: int, most: int = MOST_SHOWN) -> list[Recompute]:
    """Pieces of work of an office, the newest first."""
    async with database.transaction(SYSTEM) as connection:
        return [
            msgspec.convert(dict(row), Recompute)
            async for row in queries("recompute").pieces(connection, office_id=office_id, most=most)
        ]


@get(
    "/api/v1/recomputes",
    summary="Progress of recomputing open tickets",
    tags=["Policies"],
    api=Api(gives=RecomputeList),
)
async def list_recomputes(viewer: Viewer, database: Database) -> Response[bytes]:
    """What published calendars and policies have done to open tickets so far, the newest first. Administrators only."""
    viewer.require(Role.ADMIN)
    return json_response(RecomputeList(await recomputes_of(database, viewer.office.id)))


@get(PAGE, include_in_schema=False)
async def recomputes_page(
    request: PageRequest, viewer: Viewer, database: Database, clock: OfficeClock
) -> Response[bytes]:
    """How far the work has come; while it goes on the page renews itself, with and without script."""
    viewer.require(Role.ADMIN)
    found = await recomputes_of(database, viewer.office.id)
    running = any(each.state == "running" and each.due_at <= clock.now() for each in found)
    context = {"pieces": found, "running": running, "now": clock.now()}
    return page(request, "management/recomputes.html", context)


ROUTES: list[ControllerRouterHandler] = [list_recomputes, recomputes_page]
