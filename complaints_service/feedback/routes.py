"""``/api/v1/feedback/cycles``: closed reports of the loop, and closing one on demand."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from complaints_service.accounts.model import Viewer
from complaints_service.feedback.service import MOST_CYCLES, Feedback
from complaints_service.feedback.views import CyclePage, CycleView
from complaints_service.web.bodies import read_query
from complaints_service.web.operations import Api
from complaints_service.web.pages import PageRequest

PRIVATE = {"Cache-Control": "no-store"}


class CyclesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of at most ``limit``; ``cursor``: the ``next_cursor`` of the one before."""

    cursor: Annotated[str, Meta(pattern="^[0-9]{1,9}$")] | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_CYCLES)] = 50


class CyclesController(Controller):
    """Supervisors and above, each with the cases of their units."""

    path = "/api/v1/feedback/cycles"
    tags = ("Feedback",)

    @get(summary="Closed cycles", api=Api(query=CyclesQuery, refuses=(400,)))
    async def list_cycles(self, request: PageRequest, viewer: Viewer, feedback: Feedback) -> Response[CyclePage]:
        """The newest first; months close by themselves, ``monthly`` tells them from those closed on demand."""
        asked = read_query(request, CyclesQuery)
        return Response(await feedback.cycles(viewer, asked.cursor, asked.limit), headers=PRIVATE)

    @get("/{cycle_id:int}", summary="One closed cycle")
    async def show_cycle(self, viewer: Viewer, feedback: Feedback, cycle_id: int) -> Response[CycleView]:
        """Its unresolved, reopened and dissatisfied cases with how late each was in working time, and the groups they form."""
        return Response(await feedback.cycle(viewer, cycle_id), headers=PRIVATE)

    @post(summary="Close a cycle now", status_code=201, api=Api(tells=("Location",), refuses=(409,)))
    async def close_now(self, writer: Viewer, feedback: Feedback) -> Response[CycleView]:
        """Closes a report over the month so far. The head of office gets it by mail; it is never changed afterwards."""
        made = await feedback.close_now(writer)
        return Response(made, headers={**PRIVATE, "Location": f"{self.path}/{made.id}"})


ROUTES: list[type[Controller] | ControllerRouterHandler] = [CyclesController]
