"""Signing in, the development tools and the API reference in a real browser: without script, by keyboard, in every width and theme."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from complaints_service.wiring import Services
from tests.office import TheOffice
from tests.web.accessibility import Axe, Look, small_targets, too_wide_for
from tests.web.conftest import Visit

PAGES = ("/masuk", "/dev", "/dev/mail", "/docs")


@pytest.fixture(autouse=True)
async def no_failures_yet(services: Services) -> None:
    """Wrong passwords of other tests hold nobody up here."""
    async with services.database.connection() as connection:
        await connection.execute("DELETE FROM signin_failure")


async def sign_in(page: Page, username: str, password: str) -> None:
    await page.get_by_label("Nama pengguna").fill(username)
    await page.get_by_label("Kata sandi").fill(password)
    await page.get_by_role("button", name="Masuk").click()


async def test_an_officer_signs_in_without_script_and_lands_where_the_way_led(
    visit: Visit, the_office: TheOffice
) -> None:
    page = await visit("/desk?status=received", script=False, width=390)
    assert "/masuk?next=" in page.url
    await sign_in(page, "petugas", the_office.passwords["petugas"])
    assert page.url.split("?")[0].endswith("/desk")
    await page.get_by_role("button", name="Keluar").click()
    assert page.url.endswith("/masuk")
    await page.goto("/desk")
    assert "/masuk" in page.url


async def test_a_wrong_password_is_told_and_the_form_can_be_used_again_by_keyboard(
    visit: Visit, the_office: TheOffice
) -> None:
    page = await visit("/masuk")
    await sign_in(page, "petugas", "salah-sekali-ini")
    await expect(page.locator("#error-summary")).to_be_focused()
    await expect(page.locator("#error-summary")).to_contain_text("Nama pengguna atau kata sandi tidak tepat.")
    assert await page.get_by_label("Nama pengguna").input_value() == "petugas"
    assert await page.get_by_label("Kata sandi").input_value() == ""
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Nama pengguna")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.type(the_office.passwords["petugas"])
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk")


async def test_each_role_lands_on_its_own_page(visit: Visit, the_office: TheOffice) -> None:
    for username, landing in (("atasan", "/desk"), ("kepala", "/manage"), ("kanwil", "/manage"), ("admin", "/admin")):
        page = await visit("/masuk", script=False)
        await sign_in(page, username, the_office.passwords[username])
        assert page.url.endswith(landing), username


# Swagger UI takes seconds to come up and speaks one language: once.
@pytest.mark.parametrize(
    ("path", "language", "looks"),
    [
        *((path, "id-ID", (("light", 320), ("dark", 1280))) for path in PAGES),
        *((path, "en-GB", (("dark", 390),)) for path in PAGES if path != "/docs"),
    ],
)
async def test_pages_fit_and_keep_the_rules_of_accessibility(
    visit: Visit, axe: Axe, path: str, language: str, looks: tuple[Look, ...]
) -> None:
    scheme, width = looks[0]
    page = await visit(path, width=width, scheme=scheme, language=language)
    if path == "/docs":  # the list itself is Swagger UI's
        await page.wait_for_selector(".opblock-tag")
    assert await too_wide_for(page, *(width for _, width in looks)) == {}
    if path == "/docs":
        await page.evaluate("document.getElementById('api-reference').remove()")
    assert await axe.broken_in(page, *looks) == {}
    if path == "/masuk":
        for _, width in looks:
            await page.set_viewport_size({"width": width, "height": 900})
            assert await small_targets(page, 44) == [], width


async def test_the_api_reference_lists_the_calls_and_can_try_one_with_the_own_session(
    visit: Visit, the_office: TheOffice
) -> None:
    page = await visit("/masuk?next=/docs")
    await sign_in(page, "petugas", the_office.passwords["petugas"])
    await page.locator("#operations-tag-Session .expand-operation").click()
    call = page.locator(".opblock-delete", has_text="/api/v1/session")
    await call.locator(".opblock-summary-control").click()
    await call.get_by_role("button", name="Try it out").click()
    await call.get_by_role("button", name="Execute").click()
    await expect(call.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("204")


async def test_without_script_the_api_reference_leads_to_the_description_for_machines(visit: Visit) -> None:
    page = await visit("/docs", script=False)
    await page.get_by_role("link", name="/schema/openapi.json").click()
    assert page.url.endswith("/schema/openapi.json")


async def test_the_clock_is_moved_from_the_page_without_script(visit: Visit, the_office: TheOffice) -> None:
    before = await the_office.now()
    page = await visit("/dev", script=False)
    await page.get_by_label("Majukan").fill("1h")
    await page.get_by_role("button", name="Majukan waktu kantor").click()
    assert page.url.endswith("/dev")
    assert (await the_office.now() - before).total_seconds() >= 3600
