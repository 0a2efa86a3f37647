"""``/dev/people``: the demo people with their passwords."""

from __future__ import annotations

from litestar import get

from complaints_service.demo.people import DemoPerson, demo_people
from complaints_service.settings import Settings


@get("/dev/people", include_in_schema=False)
async def people(settings: Settings) -> list[DemoPerson]:
    """Who can sign in to the demo office, and how."""
    return demo_people(settings.data_dir)
