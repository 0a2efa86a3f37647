"""The page of the webhooks in a browser: without a broken rule of WCAG 2.2 AA, whatever it has to show, in every width and theme."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from complaints_service.wiring import Services
from tests.office import TheOffice
from tests.web.accessibility import Axe, sideways_scroll
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as

LONG = "https://hooks.example.org:8443/a/rather/long/way/to/the/receiver/of/messages/" + "x" * 120


@pytest.fixture(autouse=True)
async def no_endpoints(services: Services) -> AsyncIterator[None]:
    """Other tests of this worker file complaints too, and nobody is to hear of them."""
    yield
    async with services.database.connection() as connection:
        await connection.execute(
            "UPDATE webhook_endpoint SET active = false, disabled_at = clock_timestamp(), removed_at = clock_timestamp()"
        )


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_the_page_breaks_no_rule_in_any_of_its_states(
    http: httpx.AsyncClient,
    the_office: TheOffice,
    visit: Visit,
    axe: Axe,
    services: Services,
    scheme: str,
    width: int,
) -> None:
    page = await open_as(
        visit, http, the_office, "admin", "/admin/webhooks", scheme=scheme, width=width, language="en-GB"
    )
    await page.get_by_role("button", name="Add the webhook").click()
    await page.locator("#error-summary").wait_for()
    assert await axe.broken_rules(page) == {}
    await page.get_by_label("Address of the receiver").fill(LONG)
    await page.get_by_label("What it is for").fill("Sistem pusat")
    await page.get_by_role("button", name="Add the webhook").click()
    await page.locator(".token-once", has_text="whsec_").wait_for()
    assert await axe.broken_rules(page) == {}
    await page.get_by_role("button", name="Send a test message").click()
    await page.get_by_text("on its way").wait_for()
    async with services.database.connection() as connection:
        # As it is after failures; nothing is really sent to that address.
        await connection.execute(
            "INSERT INTO webhook_health (office_id, endpoint_id, failures, failed_at, last_error)"
            " SELECT office_id, id, 3, clock_timestamp(), 'time_limit' FROM webhook_endpoint WHERE active"
        )
    await page.reload()
    await page.get_by_text("did not answer within 10 seconds").first.wait_for()
    assert await axe.broken_rules(page) == {}
    for other in (1280, 768, 390, 320):
        await page.set_viewport_size({"width": other, "height": 800})
        assert await sideways_scroll(page) <= 0, other
    await page.get_by_role("button", name="Switch off").click()
    await page.get_by_role("button", name="Switch on").wait_for()
    assert await axe.broken_rules(page) == {}
