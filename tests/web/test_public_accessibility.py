"""Everybody can use the public pages: WCAG 2.2 AA as far as a machine can tell, small screens, keyboard alone, no sideways scrolling."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.office import TheOffice
from tests.web.accessibility import Axe, sideways_scroll, small_targets
from tests.web.conftest import Visit
from tests.web.test_public_case import answered, link_for
from tests.web.test_public_filing import WORDS, press
from tests.web.watching import watch

STATES = (
    "start",
    "form",
    "form with answers",
    "helped",
    "survey",
    "survey with mistakes",
    "figures",
    "form with mistakes",
    "check",
    "receipt",
    "case",
    "case answered",
    "withdraw",
    "track",
    "track with mistakes",
    "link",
    "not found",
    "components",
)


# Where a state begins; the others begin at the form.
BEGINNINGS = {
    "start": "/",
    "form with answers": "/lapor?layanan=m-paspor",
    "helped": "/terbantu?layanan=m-paspor",
    "survey": "/survei",
    "survey with mistakes": "/survei",
    "figures": "/transparansi",
    **dict.fromkeys(("case", "case answered", "withdraw", "track", "track with mistakes"), "/lacak"),
    "not found": "/tidak-ada",
    "components": "/dev/components",
}


async def in_state(visit: Visit, state: str, the_office: TheOffice) -> Page:
    """The page (in English) in one of the states."""
    path = BEGINNINGS.get(state, "/lapor?layanan=")
    if state == "figures":
        await the_office.services.transparency.keep()
    if state == "link":
        path = f"/m/{await link_for(the_office, await the_office.file())}"
    page = await visit(path, width=390, language="en-GB")
    if state == "form with answers":
        await page.locator("main summary").first.click()
    if state == "survey with mistakes":
        await press(page, "Send my answers")
    if state == "form with mistakes":
        await press(page, "Continue")
    if state in ("check", "receipt"):
        await page.get_by_label("What happened?").fill(WORDS)
        await press(page, "Continue")
    if state == "receipt":
        await press(page, "Send complaint")
    if state == "track with mistakes":
        await press(page, "Show my case")
    if state in ("case", "case answered", "withdraw"):
        filed = await the_office.file()
        if state == "case answered":
            await answered(the_office, filed)
        await page.get_by_label("Number").fill(filed.number)
        await page.get_by_label("Tracking code").fill(filed.tracking_code)
        await press(page, "Show my case")
        if state == "withdraw":
            await page.goto(f"/t/{filed.number}/tarik")
    return page


@pytest.mark.parametrize("state", STATES)
async def test_no_rule_of_wcag_that_a_machine_can_check_is_broken(
    visit: Visit, axe: Axe, the_office: TheOffice, state: str
) -> None:
    page = await in_state(visit, state, the_office)
    assert await axe.broken_rules(page) == {}
    await page.emulate_media(color_scheme="dark")
    assert await axe.broken_rules(page) == {}
    if state != "components":
        assert await small_targets(page) == []
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await sideways_scroll(page) <= 0


async def test_the_checks_would_notice_a_page_that_nobody_can_use(chromium: Browser, axe: Axe) -> None:
    page = await chromium.new_page()
    await page.set_content(
        '<!doctype html><html lang="id"><title>x</title><main><h1>Buruk</h1>'
        '<p style="color:#bbb;background:#fff">Tidak terbaca</p><input type="text">'
        '<button style="width:10px;height:10px;padding:0">a</button>'
        '<button style="width:10px;height:10px;padding:0">b</button>'
        '<div style="width:2000px">lebar</div></main>'
    )
    assert {"color-contrast", "label", "target-size"} <= set(await axe.broken_rules(page))
    assert await small_targets(page) != []
    assert await sideways_scroll(page) > 0
    await page.close()


async def test_the_watch_would_notice_inline_script_and_style(chromium: Browser, site: str) -> None:
    page = await chromium.new_page()
    watched = await watch(page)
    policy = (await page.request.get(site)).headers["content-security-policy"]
    body = '<p style="color:red">x</p><script>1</script><script src="https://cdn.example/x.js"></script>'
    await page.route(
        "**/buruk",
        lambda route: route.fulfill(
            body=body, headers={"content-security-policy": policy, "content-type": "text/html"}
        ),
    )
    await page.goto(f"{site}/buruk")
    for word in ("style-src", "script-src"):
        assert any(word in line for line in watched.complaints)
    await page.close()


async def test_the_form_is_filled_and_sent_with_the_keyboard_alone(visit: Visit) -> None:
    page = await visit("/lapor?layanan=", script=False)

    async def focused() -> str:
        return await page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")

    await page.keyboard.press("Tab")
    assert await focused() == "Langsung ke isi"
    assert await page.get_by_role("link", name="Langsung ke isi").is_visible()
    await page.keyboard.press("Enter")
    order = ["kind", "description", "service", "category", "Kapan, di mana, dan siapa (opsional)", "file", "privacy"]
    for expected in order:
        await page.keyboard.press("Tab")
        assert (await focused()) == expected
        if expected == "kind":
            await page.keyboard.press("ArrowDown")
            assert await focused() == "kind-suggestion"
        if expected == "description":
            await page.keyboard.type("Sediakan kursi roda di pintu masuk.")
    for expected in ("reporter-name", "reporter-email", "reporter-phone", "Lanjutkan"):
        await page.keyboard.press("Tab")
        assert await focused() == expected
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Kirim saran").focus()
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert "Saran Anda sudah kami terima" in await page.inner_text("h1")


async def test_after_a_mistake_the_focus_is_on_the_summary_and_its_link_leads_to_the_field(visit: Visit) -> None:
    page = await visit("/lapor?layanan=")
    await press(page, "Lanjutkan")
    assert await page.evaluate("document.activeElement.id") == "error-summary"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "description"
    described = await page.locator("#description").get_attribute("aria-describedby")
    assert described
    assert all([await page.locator(f"#{part}").count() == 1 for part in described.split()])
    assert (await page.title()).startswith("Kesalahan:")


@pytest.mark.parametrize("width", [320, 768, 1280])
async def test_lines_stay_short_enough_to_read_and_text_large_enough(visit: Visit, width: int) -> None:
    page = await visit("/lapor?layanan=", width=width)
    smallest = await page.evaluate(
        "Math.min(...[...document.querySelectorAll('main *')].filter(e => e.checkVisibility() && e.textContent.trim())"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 15
    widest = await page.evaluate(
        "Math.max(...[...document.querySelectorAll('main p')].map(e => e.getBoundingClientRect().width"
        " / (parseFloat(getComputedStyle(e).fontSize) * 0.5)))"
    )
    assert widest <= 80
