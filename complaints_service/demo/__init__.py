"""The demo office and realistic tickets: for whoever tries the service, for tests and for benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from complaints_service.demo.people import DemoPerson
    from complaints_service.settings import Settings


async def seed(settings: Settings, admin_url: str) -> list[DemoPerson]:
    """The office, and with DEV its people; what is there already stays. Returns the people to sign in with."""
    from complaints_service.demo.office_seed import seed_office

    return await seed_office(settings, admin_url)
