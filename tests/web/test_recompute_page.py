"""The progress of recomputing open tickets: seen with and without script, in every width and theme, renewed while it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import expect

from complaints_service.database import SYSTEM
from complaints_service.wiring import Services
from tests.office import TheOffice
from tests.web.accessibility import Axe, sideways_scroll
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as

PAGE = "/admin/hitung-ulang"


@pytest.fixture(autouse=True)
async def pieces(services: Services) -> AsyncIterator[None]:
    """One piece of work that is done, one half done, one that waits for its date: versions that no ticket lags behind."""
    async with services.database.transaction(SYSTEM) as connection:
        await connection.execute("DELETE FROM recompute")  # what other tests have published
        await connection.execute(
            "INSERT INTO recompute (office_id, cause, version, state, looked_at, total, moved, moved_later, breached, due_at, ended_at)"
            " VALUES (1, 'calendar', 901, 'done', 420, 420, 800, 790, 0, office_now(), office_now()),"
            " (1, 'policy', 902, 'running', 210, 420, 300, 10, 7, office_now(), NULL),"
            " (1, 'policy', 903, 'running', 0, 420, 0, 0, 0, office_now() + interval '3 days', NULL)"
        )
    yield
    async with services.database.transaction(SYSTEM) as connection:
        await connection.execute("DELETE FROM recompute WHERE version > 900")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
@pytest.mark.parametrize("language", ["id-ID", "en-GB"])
async def test_the_page_breaks_no_rule_and_is_never_wider_than_the_window(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit, axe: Axe, scheme: str, width: int, language: str
) -> None:
    page = await open_as(visit, http, the_office, "admin", PAGE, scheme=scheme, width=width, language=language)
    await expect(page.get_by_role("progressbar")).to_have_count(2)
    await expect(page.get_by_text("version 902" if language == "en-GB" else "versi 902")).to_be_visible()
    assert await axe.broken_rules(page) == {}
    for other in (1366, 768, 360):
        await page.set_viewport_size({"width": other, "height": 800})
        assert await sideways_scroll(page) <= 0, other


async def test_the_bar_goes_on_by_itself_and_stops_asking_when_all_is_done(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit, services: Services
) -> None:
    page = await open_as(visit, http, the_office, "admin", PAGE)
    await expect(page.get_by_text("210 dari 420")).to_be_visible()
    async with services.database.transaction(SYSTEM) as connection:
        await connection.execute(
            "UPDATE recompute SET state = 'done', looked_at = 420, ended_at = office_now() WHERE version = 902"
        )
    await expect(page.get_by_text("210 dari 420")).to_have_count(0)
    await expect(page.locator("#recomputes[hx-get]")).to_have_count(0)


async def test_without_script_the_page_renews_itself(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit, services: Services
) -> None:
    page = await open_as(visit, http, the_office, "admin", PAGE, script=False)
    await expect(page.get_by_text("210 dari 420")).to_be_visible()
    async with services.database.transaction(SYSTEM) as connection:
        await connection.execute(
            "UPDATE recompute SET state = 'done', looked_at = 420, ended_at = office_now() WHERE version = 902"
        )
    await expect(page.get_by_text("210 dari 420")).to_have_count(0)
