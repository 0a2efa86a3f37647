"""Nothing typed is lost: not to a switch of language or colours, not to the way back, not to a wrong code; and "I do not know" counts."""

from __future__ import annotations

import re

import httpx

from tests.office import TheOffice
from tests.web.conftest import Visit
from tests.web.test_public_filing import ANSWERS, WORDS, form_id_in, press


async def test_language_and_colours_change_around_what_was_typed(visit: Visit) -> None:
    page = await visit("/lapor?layanan=itas", script=False)
    form_id = await page.locator("[name=form_id]").get_attribute("value")
    await page.get_by_label("Apa yang terjadi?").fill(WORDS)
    await page.get_by_label("Hanya sedikit orang").check()
    await press(page, "English")
    assert await page.get_attribute("html", "lang") == "en"
    assert await page.get_by_label("What happened?").input_value() == WORDS
    assert await page.get_by_label("Which service is it about?").input_value() == "itas"
    assert await page.locator("[name=form_id]").get_attribute("value") == form_id
    await press(page, "Dark colours")
    assert await page.get_attribute("html", "data-theme") == "dark"
    await page.get_by_label("Your name").fill("Siti Rahma")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert "Check your answers" in await page.inner_text("h1")
    await press(page, "Indonesia")
    assert "Periksa jawaban Anda" in await page.inner_text("h1")
    await press(page, "Kirim pengaduan")
    assert page.url.rpartition("/")[0].endswith("/terkirim")
    await page.goto("/lacak")
    assert await page.get_attribute("html", "data-theme") == "dark"


async def test_back_from_the_receipt_sends_nothing_a_second_time(visit: Visit, the_office: TheOffice) -> None:
    page = await visit("/lapor?layanan=")
    await page.get_by_label("Apa yang terjadi?").fill(WORDS)
    await press(page, "Lanjutkan")
    await press(page, "Kirim pengaduan")
    receipt = page.url
    await page.go_back()
    assert "Periksa jawaban Anda" in await page.inner_text("h1")
    await press(page, "Kirim pengaduan")
    assert page.url == receipt


async def test_i_do_not_know_is_an_answer(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    form = {
        **ANSWERS, "service": "", "category": "", "occurred_on_unknown": "1", "location_unknown": "1",
        "form_id": form_id_in(await http.get("/?layanan=")),
    }  # fmt: skip
    check = await http.post("/", data={**form, "step": "check"})
    rows = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", check.text, re.DOTALL)
    assert [name for name, value in rows if value == "Tidak tahu"] == [
        "Pada hari apa terjadinya?", "Di mana terjadinya?"
    ]  # fmt: skip
    edit = await http.post("/", data={**form, "step": "edit"})
    assert len(re.findall(r'id="(?:occurred_on|location)_unknown"[^>]* checked', edit.text)) == 2
    known = await http.post("/", data={**form, "occurred_on": "2026-11-20", "step": "check"})
    assert "20 November 2026" in known.text
    sent = await http.post("/", data={**form, "step": "send"})
    file = await the_office.file_of(sent.headers["location"].rpartition("/")[2])
    assert (file.text.occurred_on, file.text.location, file.ticket.service) == (None, None, None)


async def test_a_wrong_code_keeps_the_number_and_says_what_to_do(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    page = await http.post("/lacak", data={"number": filed.number, "code": "7K3M-9QXD-2T"})
    assert page.status_code == 422
    assert f'value="{filed.number}"' in page.text
    assert "7K3M" not in page.text
    assert "tulis kodenya sekali lagi" in page.text
    assert 'href="/lacak/hilang"' in page.text
