"""Number or code lost, and news of an opened case, as a citizen meets them: without script, on a telephone, in a browser."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

import httpx
import pytest
from playwright.async_api import expect

from complaints_service.tickets import commands as c
from tests.office import TheOffice
from tests.web.accessibility import Axe, sideways_scroll, small_targets
from tests.web.conftest import Visit
from tests.web.test_public_filing import press

UNDO_OVER = timedelta(seconds=11)


async def test_the_way_from_lacak_to_the_links_needs_no_script(visit: Visit, the_office: TheOffice) -> None:
    email = f"{secrets.token_hex(6)}@example.org"
    filed = await the_office.file(reporter_email=email)
    page = await visit("/lacak", width=390, script=False)
    await page.get_by_role("link", name="Nomor atau kode hilang?").click()
    assert page.url.endswith("/lacak/hilang")
    await press(page, "Kirim tautan")
    summary = page.locator("#error-summary")
    await expect(summary).to_contain_text("Tuliskan alamat surel atau nomor telepon Anda.")
    await page.get_by_label("Alamat surel atau nomor telepon").fill(email.upper())
    await press(page, "Kirim tautan")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Silakan periksa pesan Anda")
    kinds = [row["kind"] for row in await the_office.outbox(filed.number)]
    assert kinds == ["receipt", "recovery"]


async def test_the_page_says_the_same_to_everybody_and_never_repeats_the_contact(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    email = f"{secrets.token_hex(6)}@example.org"
    await the_office.file(reporter_email=email)
    known = await http.post("/lacak/hilang", data={"contact": email})
    unknown = await http.post("/lacak/hilang", data={"contact": f"x{email}"})
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text
    assert email not in known.text
    assert known.headers["cache-control"] == "no-store"


async def test_another_site_cannot_ask_for_somebody(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/lacak/hilang", data={"contact": "siti@example.org"}, headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("state", ["empty", "mistake", "sent"])
async def test_everybody_can_use_the_page(visit: Visit, axe: Axe, state: str) -> None:
    page = await visit("/lacak/hilang", width=390, language="en-GB")
    if state == "mistake":
        await press(page, "Send me the links")
    if state == "sent":
        await page.get_by_label("E-mail address or telephone number").fill("0812 0000 0000")
        await press(page, "Send me the links")
    assert await axe.broken_rules(page) == {}
    await page.emulate_media(color_scheme="dark")
    assert await axe.broken_rules(page) == {}
    assert await small_targets(page) == []
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await sideways_scroll(page) <= 0


async def test_an_opened_case_says_when_there_is_news_and_keeps_what_is_being_written(
    visit: Visit, axe: Axe, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    page = await visit("/lacak", width=390, language="en-GB")
    await page.get_by_label("Number").fill(filed.number)
    await page.get_by_label("Tracking code").fill(filed.tracking_code)
    await press(page, "Show my case")
    news = page.locator("case-news")
    await expect(news).to_be_hidden()
    await page.get_by_label("Your message to the office").fill("Half a sentence")
    await the_office.act(filed.number, c.Verify(), "petugas")
    await the_office.move_clock(UNDO_OVER)
    await expect(news).to_be_visible()
    assert await axe.broken_rules(page) == {}
    await expect(page.get_by_label("Your message to the office")).to_have_value("Half a sentence")
    await news.get_by_role("link", name="Load the page again").click()
    await expect(page.locator(".tag").first).to_have_text("Verified")
    await expect(page.get_by_text("There is news about your case.")).to_be_hidden()


async def test_the_script_of_the_news_is_small(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    await http.post("/lacak", data={"number": filed.number, "code": filed.tracking_code})
    page = (await http.get(f"/t/{filed.number}")).text
    (address,) = re.findall(r'<script type="module" src="([^"]*case-news[^"]*)"', page)
    assert len((await http.get(address)).content) < 1536
