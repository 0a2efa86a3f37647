"""``/api/v1/feedback/cycles``: closed reports of the loop, and closing one on demand."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.feedback.service import MOST_CYCLES, Feedback
from complaints_service.feedback.views import CyclePage, CycleView

Cursor = Annotated[str | None, Parameter(query="cursor", max_length=20)]
Limit = Annotated[int, Parameter(query="limit", ge=1, le=MOST_CYCLES)]
PRIVATE = {"Cache-Control": "no-store"}


class CyclesController(Controller):
    """Supervisors and above, each with the cases of their units."""

    path = "/api/v1/feedback/cycles"
    tags = ("Feedback",)

    @get(summary="Closed cycles")
    async def list_cycles(
        self, viewer: Viewer, feedback: Feedback, cursor: Cursor = None, limit: Limit = 50
    ) -> Response[CyclePage]:
        """The newest first; months close by themselves, ``monthly`` tells them from those closed on demand."""
        return Response(await feedback.cycles(viewer, cursor, limit), headers=PRIVATE)

    @get("/{cycle_id:int}", summary="One closed cycle")
    async def show_cycle(self, viewer: Viewer, feedback: Feedback, cycle_id: int) -> Response[CycleView]:
        """Its unresolved, reopened and dissatisfied cases with how late each was in working time, and the groups they form."""
        return Response(await feedback.cycle(viewer, cycle_id), headers=PRIVATE)

    @post(summary="Close a cycle now", status_code=201)
    async def close_now(self, writer: Viewer, feedback: Feedback) -> Response[CycleView]:
        """Closes a report over the month so far. The head of office gets it by mail; it is never changed afterwards."""
        made = await feedback.close_now(writer)
        return Response(made, headers={**PRIVATE, "Location": f"{self.path}/{made.id}"})


ROUTES: list[type[Controller] | ControllerRouterHandler] = [CyclesController]
