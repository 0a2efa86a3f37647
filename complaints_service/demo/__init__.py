"""The demo office and realistic tickets: for whoever tries the service, for tests and for benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from complaints_service.demo.people import DemoPerson
    from complaints_service.settings import Settings


async def seed(settings: Settings, admin_url: str, *, tickets: bool = True) -> list[DemoPerson]:
    """The office, and with DEV its people and living tickets; what is there already stays. Returns the people to sign in with."""
    from complaints_service.demo.office_seed import seed_office

    people = await seed_office(settings, admin_url)
    if people and tickets:
        from complaints_service.demo.tickets_seed import seed_tickets
        from complaints_service.wiring import open_services

        services = await open_services(settings, hints=False)
        try:
            await seed_tickets(services)
        finally:
            await services.close()
    return people


def run(settings: Settings, arguments: list[str]) -> int:
    """``complaints seed --tickets N``; returns the exit code."""
    from complaints_service.demo.bulk import run as run_bulk

    return run_bulk(settings, arguments)
