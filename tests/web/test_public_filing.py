"""Filing through the pages, as a citizen does it: without script, on a telephone and on a desk."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from playwright.async_api import Page

from complaints_service.public.opened_tickets import TICKET_COOKIE
from complaints_service.web.crowd import Crowd
from tests.app_client import PLAIN
from tests.office import TheOffice
from tests.web.conftest import Visit

WORDS = "Sudah sepuluh hari paspor saya belum jadi,\npadahal dijanjikan empat hari kerja."
ANSWERS = {
    "kind": "complaint",
    "description": WORDS,
    "privacy": "open",
    "category": "keterlambatan",
    "service": "paspor-baru",
    "reporter.name": "Siti Rahma",
    "reporter.email": "siti@example.org",
}


async def press(page: Page, name: str) -> None:
    """Press the button and wait for the page that follows."""
    async with page.expect_navigation():
        await page.get_by_role("button", name=name).click()


def form_id_in(page: httpx.Response) -> str:
    found = re.search(r'name="form_id" value="([^"]+)"', page.text)
    assert found
    return found.group(1)


@pytest.mark.parametrize("width", [320, 1280])
async def test_a_citizen_files_and_follows_the_case_without_script(
    visit: Visit, the_office: TheOffice, width: int
) -> None:
    page = await visit("/lapor?layanan=", width=width, script=False)
    await press(page, "Lanjutkan")
    summary = page.get_by_role("alert")
    assert "Tuliskan apa yang terjadi" in await summary.inner_text()
    await summary.get_by_role("link").click()
    assert page.url.endswith("#description")

    await page.get_by_label("Apa yang terjadi?").fill(WORDS)
    await page.get_by_label("Ini tentang layanan apa?").select_option("paspor-baru")
    await page.get_by_label("Tentang apa?").select_option("keterlambatan")
    await page.get_by_label("Hanya sedikit orang").check()
    await page.get_by_label("Nama Anda").fill("Siti Rahma")
    await page.get_by_label("Nomor telepon").fill("0812-3456-7890")
    await press(page, "Lanjutkan")
    assert "Periksa jawaban Anda" in await page.inner_text("h1")
    assert "Hanya sedikit orang (rahasia)" in await page.inner_text("dl")

    await press(page, "Ubah Nama Anda")
    assert page.url.endswith("#reporter-name")
    assert await page.get_by_label("Apa yang terjadi?").input_value() == WORDS
    await page.get_by_label("Nama Anda").fill("Siti Rahmawati")
    await press(page, "Lanjutkan")
    await press(page, "Kirim pengaduan")

    number, code = await page.locator(".receipt .code").all_inner_texts()
    assert re.fullmatch(r"LT-\d{4}-\d{6,}", number)
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}", code)
    assert code.replace("-", "") not in page.url.replace("-", "")
    assert "WIB" in await page.inner_text(".timeline")
    receipt = page.url

    async with page.expect_navigation():
        await page.get_by_role("link", name="Lihat perkembangannya").click()
    assert page.url.endswith(f"/t/{number}")
    assert "Seksi Lantaskim" in await page.inner_text("main")
    assert "Pengaduan diterima" in await page.inner_text(".timeline")

    await page.goto(receipt)
    assert code in await page.inner_text(".receipt")

    file = await the_office.file_of(number)
    assert file.text.description == WORDS
    assert file.reporter is not None
    assert (file.reporter.name, file.reporter.phone) == ("Siti Rahmawati", "+6281234567890")
    assert (file.ticket.privacy, file.ticket.channel, file.ticket.language) == ("confidential", "web", "id")


async def test_every_wrong_field_is_named_and_every_answer_is_kept(http: httpx.AsyncClient) -> None:
    wrong = {
        **ANSWERS,
        "description": "Kurang",
        "reporter.email": "bukan surel",
        "reporter.phone": "<b>12</b>",
        "category": "tidak-ada",
        "occurred_on": "kemarin",
        "step": "check",
    }
    page = await http.post("/", data=wrong)
    assert page.status_code == 422
    assert page.text.count('href="#') >= 5 + 1
    for field in ("description", "category", "occurred_on", "reporter-phone", "reporter-email"):
        assert f'href="#{field}"' in page.text
        assert f'id="{field}-error"' in page.text
    assert "Kurang" in page.text
    assert 'value="bukan surel"' in page.text
    assert "<b>12</b>" not in page.text
    assert "&lt;b&gt;12&lt;/b&gt;" in page.text


async def test_sending_the_same_form_five_times_at_once_makes_one_ticket(http: httpx.AsyncClient) -> None:
    form = {**ANSWERS, "form_id": form_id_in(await http.get("/?layanan=")), "step": "send"}
    answers = await asyncio.gather(*(http.post("/", data=form) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    again = await http.post("/", data=form)
    assert again.headers["location"] == answers[0].headers["location"]


async def test_a_form_changed_after_sending_asks_before_it_makes_a_second_ticket(http: httpx.AsyncClient) -> None:
    form = {**ANSWERS, "form_id": form_id_in(await http.get("/?layanan=")), "step": "send"}
    first = await http.post("/", data=form)
    changed = await http.post("/", data={**form, "description": WORDS + " Dan loketnya tutup."})
    assert changed.status_code == 200
    assert "sudah pernah dikirim" in changed.text
    new_id = form_id_in(changed)
    assert new_id != form["form_id"]
    second = await http.post("/", data={**form, "description": WORDS + " Dan loketnya tutup.", "form_id": new_id})
    assert second.status_code == 303
    assert second.headers["location"] != first.headers["location"]


async def test_a_form_that_was_not_let_in_is_sent_again_by_loading_the_page_again(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await visit("/lapor?layanan=", width=390, script=False)
    await page.get_by_label("Apa yang terjadi?").fill(WORDS)
    with monkeypatch.context() as crowded:
        crowded.setattr(Crowd, "full", True)
        await press(page, "Lanjutkan")
        assert "Tulisan Anda tidak hilang" in await page.inner_text("main")
    await page.reload()
    assert "Periksa jawaban Anda" in await page.inner_text("h1")
    assert WORDS in await page.inner_text("main")
    await press(page, "Kirim pengaduan")
    assert "/terkirim/LT-" in page.url


async def test_who_chooses_anonymous_leaves_no_identity_behind(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    form = {**ANSWERS, "privacy": "anonymous", "step": "check"}
    check = await http.post("/", data=form)
    assert check.status_code == 200
    assert "Siti Rahma" not in check.text
    assert "siti@example.org" not in check.text
    sent = await http.post("/", data={**form, "step": "send"})
    number = sent.headers["location"].rpartition("/")[2]
    file = await the_office.file_of(number)
    assert file.ticket.privacy == "anonymous"
    assert file.reporter is None


async def test_the_anonymous_choice_hides_the_fields_of_identity(visit: Visit) -> None:
    page = await visit("/lapor?layanan=", script=False)
    assert await page.get_by_label("Nama Anda").is_visible()
    await page.get_by_label("Tidak seorang pun").check()
    assert not await page.get_by_label("Nama Anda").is_visible()


async def test_a_unit_that_is_complained_about_does_not_receive_the_case(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    sent = await http.post("/", data={**ANSWERS, "reported.unit": "lantaskim", "step": "send"})
    file = await the_office.file_of(sent.headers["location"].rpartition("/")[2])
    office = await the_office.office()
    assert office.units[file.ticket.unit_id].slug != "lantaskim"


@pytest.mark.parametrize("value", ["a\0b" + WORDS, WORDS + "\ud800"])
async def test_what_is_no_text_is_refused_with_a_page_and_stored_nowhere(http: httpx.AsyncClient, value: str) -> None:
    body = b"step=send&privacy=open&kind=complaint&description=" + value.encode("utf-8", "surrogatepass")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await http.post("/", content=body.replace(b" ", b"+").replace(b"\0", b"%00"), headers=headers)
    assert answer.status_code == 400
    assert "bukan teks" in answer.text


async def test_text_that_is_too_long_is_refused_and_named(http: httpx.AsyncClient) -> None:
    page = await http.post("/", data={**ANSWERS, "description": "panjang " * 700, "reporter.name": "n" * 201})
    assert page.status_code == 422
    assert 'href="#reporter-name"' in page.text
    page = await http.post("/", data={**ANSWERS, "description": "panjang " * 700})
    assert 'href="#description"' in page.text


async def test_a_body_beyond_all_measure_is_413(http: httpx.AsyncClient) -> None:
    page = await http.post("/", data={**ANSWERS, "description": "x" * 300_000})
    assert page.status_code == 413


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
async def test_another_site_cannot_file_for_its_visitors(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await http.post("/", data={**ANSWERS, "step": "send"}, headers=headers)
    assert answer.status_code == 403
    assert TICKET_COOKIE not in http.cookies


async def test_the_receipt_opens_only_in_the_browser_that_filed(http: httpx.AsyncClient, site: str) -> None:
    sent = await http.post("/", data={**ANSWERS, "step": "send"})
    address = sent.headers["location"]
    assert (await http.get(address)).status_code == 200
    async with httpx.AsyncClient(base_url=site, verify=PLAIN) as other:
        elsewhere = await other.get(address)
    assert elsewhere.status_code == 303
    assert elsewhere.headers["location"] == "/lacak"


async def test_the_receipt_prints_on_one_sheet(visit: Visit) -> None:
    page = await visit("/lapor?layanan=", script=False)
    await page.get_by_label("Apa yang terjadi?").fill(WORDS)
    await press(page, "Lanjutkan")
    await press(page, "Kirim pengaduan")
    await page.emulate_media(media="print")
    assert not await page.get_by_role("navigation").is_visible()
    assert await page.locator(".receipt .code").nth(1).is_visible()
    assert len(re.findall(rb"/Type\s*/Page\b", await page.pdf(format="A4"))) == 1


async def test_what_fills_every_field_files_nothing_and_a_person_sends_once_more(http: httpx.AsyncClient) -> None:
    form = {**ANSWERS, "form_id": form_id_in(await http.get("/?layanan=")), "step": "send"}
    filled = await http.post("/", data={**form, "website": "https://spam.example"})
    assert filled.status_code == 200
    assert "kirim sekali lagi" in filled.text
    assert "spam.example" not in filled.text
    assert (await http.post("/", data=form)).status_code == 303
