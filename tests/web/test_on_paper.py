"""Pages on paper: a form that is the page is there to be filled in by hand, what only a screen can press is not, and slips can be read."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from complaints_service.wiring import Services
from tests.web.conftest import Visit
from tests.web.test_kiosk_offline import filled_in, new_kiosk
from tests.web.test_kiosk_pages import at_kiosk
from tests.web.test_own_data import sheets
from tests.web.test_public_filing import press

WORDS = "Paspor saya belum jadi padahal sudah sepuluh hari."
ONE_SLIP = [(80, 200)]
# Whatever lies over what comes before it.
_OVERLAPS = """() => {
  const bottom = (e) => e.getBoundingClientRect().bottom - 1;
  const shown = [...document.querySelectorAll("main .card > *")].filter((e) => e.checkVisibility());
  return shown.filter((e, n) => n && e.parentElement === shown[n - 1].parentElement && e.getBoundingClientRect().top < bottom(shown[n - 1]))
    .map((e) => e.outerHTML); }"""


async def on_paper(page: Page) -> Page:
    await page.emulate_media(media="print")
    return page


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("/lapor", "textarea"), ("/lapor", "#occurred_on"), ("/lapor/cerita", "textarea"), ("/survei", "[type=radio]")],
)
async def test_a_blank_form_can_be_printed_and_filled_in_by_hand(visit: Visit, path: str, wanted: str) -> None:
    page = await on_paper(await visit(path, script=False))
    assert await page.locator(f"main {wanted}").first.is_visible()
    assert await page.locator("main :is(button, [type=file], .button):visible").count() == 0
    assert await page.evaluate(_OVERLAPS) == []


async def test_the_answers_to_check_can_be_printed(visit: Visit) -> None:
    page = await visit("/lapor?layanan=", script=False)
    await page.get_by_label("Apa yang terjadi?").fill(WORDS)
    await press(page, "Lanjutkan")
    await on_paper(page)
    assert WORDS in await page.locator("dl:visible").inner_text()
    assert await page.locator("main button:visible").count() == 0


async def test_what_a_kiosk_prints_is_one_slip(visit: Visit, services: Services) -> None:
    page = await at_kiosk(visit, await new_kiosk(services, "Kertas"))
    await page.goto("/kios/buat")
    await press(page, "Antrean dan kuota")
    await page.locator("#description").fill(WORDS)
    for name in ("Lanjutkan", "Lanjutkan", "Kirim pengaduan"):
        await press(page, name)
    assert sheets(await page.pdf(prefer_css_page_size=True)) == ONE_SLIP

    await page.goto("/kios/luring/id")
    await filled_in(page, WORDS)
    await page.locator("[data-go=send]:visible").click()
    await page.locator("[data-screen=sent]").wait_for()
    assert sheets(await page.pdf(prefer_css_page_size=True)) == ONE_SLIP
