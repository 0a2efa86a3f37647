"""Photos and documents through the pages: without script, kept over errors, taken off again, and looked at on the desk."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page

from tests import files
from tests.office import TheOffice
from tests.web.accessibility import Axe
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as
from tests.web.test_public_filing import ANSWERS, form_id_in, press

PHOTO = {"name": "loket 3.jpg", "mimeType": "image/jpeg", "buffer": files.jpeg(1200, 900)}
LETTER = {"name": "surat.pdf", "mimeType": "application/pdf", "buffer": files.pdf()}
PAGE = {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": b"<!doctype html><script>alert(1)</script>"}
WORDS = "Petugas meminta uang di loket 3, lihat fotonya."


async def choose(page: Page, *chosen: dict[str, Any]) -> None:
    await page.locator("input[type=file]").set_input_files(list(chosen))


async def file_with(visit: Visit, *chosen: dict[str, Any], **how: Any) -> tuple[Page, str]:
    """(the receipt's page, the number) of a complaint with these files."""
    page = await visit("/lapor?layanan=", **how)
    await page.locator("#description").fill(WORDS)
    await page.locator("#category").select_option("keterlambatan")
    await page.locator("#service").select_option("paspor-baru")
    await choose(page, *chosen)
    async with page.expect_navigation():
        await page.locator(".button[value=check]").click()
    async with page.expect_navigation():
        await page.locator("button[value=send]").click()
    number = (await page.locator(".receipt .code").first.inner_text()).strip()
    return page, number


@pytest.mark.parametrize("width", [320, 1280])
async def test_files_are_kept_over_errors_and_the_check_page_and_arrive(visit: Visit, width: int) -> None:
    page = await visit("/lapor?layanan=", width=width, script=False)
    # The words are missing, one of the files is no picture: the two good ones are kept all the same.
    await choose(page, PHOTO, PAGE, LETTER)
    await press(page, "Lanjutkan")
    summary = page.get_by_role("alert")
    assert "foto.jpg: Jenis berkas ini tidak dapat diterima" in await summary.inner_text()
    assert "Tuliskan apa yang terjadi" in await summary.inner_text()
    await summary.get_by_role("link", name="foto.jpg").click()
    assert page.url.endswith("#file")
    kept = page.get_by_role("group", name="Sudah kami terima").get_by_role("checkbox")
    assert [await box.is_checked() for box in await kept.all()] == [True, True]

    # One is taken off again, another added.
    await page.get_by_label("surat.pdf").uncheck()
    await choose(page, {**LETTER, "name": "bukti bayar.pdf"})
    await page.get_by_label("Apa yang terjadi?").fill(WORDS)
    await press(page, "Lanjutkan")
    assert "Periksa jawaban Anda" in await page.inner_text("h1")
    listed = await page.inner_text(".file-names")
    assert "loket 3.jpg" in listed
    assert "bukti bayar.pdf" in listed
    assert "surat.pdf" not in listed

    await press(page, "Ubah Foto atau dokumen")
    assert page.url.endswith("#file")
    assert await kept.count() == 2
    await press(page, "Lanjutkan")
    await press(page, "Kirim pengaduan")
    async with page.expect_navigation():
        await page.get_by_role("link", name="Lihat perkembangannya").click()
    shown = page.get_by_role("list", name="Berkas kasus ini")
    assert await shown.get_by_role("link").count() == 2
    async with page.expect_download() as started:
        await shown.get_by_role("link", name="loket 3.jpg").click()
    saved = await started.value
    assert saved.suggested_filename == "loket 3.jpg"


@pytest.mark.parametrize(("scheme", "language"), [("light", "id-ID"), ("dark", "en-GB")])
async def test_every_state_of_the_field_is_accessible(visit: Visit, axe: Axe, scheme: str, language: str) -> None:
    page = await visit("/lapor?layanan=", scheme=scheme, language=language, width=390)
    assert await axe.broken_rules(page) == {}
    await choose(page, PHOTO, PAGE)
    async with page.expect_navigation():
        await page.locator(".button[value=check]").click()
    assert await axe.broken_rules(page) == {}
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_reply_brings_files_and_pressing_twice_sends_once(visit: Visit, axe: Axe) -> None:
    page, number = await file_with(visit)
    await page.goto(f"/t/{number}")
    await page.get_by_label("Pesan Anda kepada kantor").fill("Ini buktinya")
    await choose(page, LETTER, PAGE)
    await press(page, "Kirim pesan")
    assert "foto.jpg: Jenis berkas ini" in await page.get_by_role("alert").inner_text()
    assert await page.get_by_label("Pesan Anda kepada kantor").input_value() == "Ini buktinya"
    assert await axe.broken_rules(page) == {}
    await press(page, "Kirim pesan")
    assert await page.get_by_role("list", name="Berkas pesan ini").get_by_role("link").count() == 1
    assert await axe.broken_rules(page) == {}


async def test_the_same_reply_sent_again_is_one_message(http: httpx.AsyncClient, visit: Visit) -> None:
    page, number = await file_with(visit)
    cookie = (await page.context.cookies())[0]
    http.cookies.set(cookie["name"], cookie["value"])
    text = (await http.get(f"/t/{number}")).text
    token = re.search(r'name="form_token" value="([^"]+)"', text)
    form = re.search(r'name="form_id" value="([^"]+)"', text)
    assert token
    assert form
    fields = {"form_token": token[1], "form_id": form[1], "text": ""}
    for _ in range(3):
        sent = await http.post(
            f"/t/{number}/balas", data=fields, files={"file": ("bukti.jpg", files.jpeg(), "image/jpeg")}
        )
        assert sent.status_code == 303, sent.text
    shown = (await http.get(f"/t/{number}")).text
    assert shown.count("message-reporter") == 1
    assert shown.count(">bukti.jpg<") + shown.count(" bukti.jpg</a>") == 1


async def test_sending_the_check_page_again_gives_the_first_receipt(http: httpx.AsyncClient) -> None:
    page = await http.get("/?layanan=")
    fields = {**ANSWERS, "form_id": form_id_in(page), "step": "check"}
    checked = await http.post("/", data=fields, files={"file": ("a.jpg", files.jpeg(), "image/jpeg")})
    assert checked.status_code == 200
    kept = re.findall(r'name="attachments" value="(up_[0-9a-z]{26})"', checked.text)
    assert len(kept) == 1
    send = {**fields, "step": "send", "attachments": kept}
    answers = [await http.post("/", data=send) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    # The same file in another form: it is not to be had any more, and every word is kept.
    again = await http.post("/", data={**send, "form_id": form_id_in(await http.get("/?layanan="))})
    assert again.status_code == 422
    assert "Ada berkas yang sudah tidak tersedia" in again.text
    assert ANSWERS["reporter.email"] in again.text


async def test_an_eleventh_file_is_let_go_and_ten_are_kept(http: httpx.AsyncClient) -> None:
    page = await http.get("/?layanan=")
    many = [("file", (f"{n}.pdf", files.pdf(str(n).encode()), "application/pdf")) for n in range(11)]
    answer = await http.post("/", data={**ANSWERS, "form_id": form_id_in(page), "step": "check"}, files=many)
    assert answer.status_code == 422
    assert len(re.findall(r'name="attachments" value="up_', answer.text)) == 10
    assert "Paling banyak 10 berkas" in answer.text


async def test_another_sites_form_brings_no_file(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/",
        data=ANSWERS,
        files={"file": ("a.jpg", files.jpeg(), "image/jpeg")},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403


async def test_the_desk_looks_at_previews_and_downloads_originals(
    visit: Visit, http: httpx.AsyncClient, the_office: TheOffice, axe: Axe
) -> None:
    _, number = await file_with(visit, PHOTO, LETTER)
    page = await open_as(visit, http, the_office, "petugas", f"/desk/t/{number}")
    shown = page.get_by_role("list", name="Berkas kasus ini")
    picture = shown.get_by_role("img")
    await picture.scroll_into_view_if_needed()
    await page.wait_for_function("document.querySelector('.file img')?.naturalWidth > 0")
    assert await picture.evaluate("image => image.naturalWidth") == 1200
    assert await axe.broken_in(page, ("light", 1280), ("dark", 1280)) == {}
    async with page.expect_download() as started:
        await shown.get_by_role("link", name="surat.pdf").click()
    assert (await started.value).suggested_filename == "surat.pdf"
