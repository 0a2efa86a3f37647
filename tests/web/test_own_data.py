"""A citizen takes along what is stored about the case, and prints the receipt on the paper that is there."""

from __future__ import annotations

import re

import httpx

from complaints_service.tickets import commands as c
from tests.office import TheOffice
from tests.web.accessibility import Axe, sideways_scroll, small_targets
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as
from tests.web.test_public_filing import WORDS, press


async def test_ones_own_data_are_the_case_as_the_citizen_knows_it(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file(location="loket 3")
    await the_office.act(filed.number, c.Note(text="Catatan yang bukan untuk pelapor."), "petugas")
    await http.post("/lacak", data={"number": filed.number, "code": filed.tracking_code})
    asked = await http.get(f"/t/{filed.number}/data")
    token = re.search(r'name="form_token" value="([^"]+)"', asked.text)
    assert token
    assert (await http.post(f"/t/{filed.number}/data", data={"as": "json"})).status_code == 403
    got = await http.post(f"/t/{filed.number}/data", data={"form_token": token[1], "as": "json"})
    assert got.headers["content-disposition"] == f'attachment; filename="{filed.number}.json"'
    assert got.headers["cache-control"] == "no-store"
    data = got.json()
    assert (data["number"], data["location"], data["reporter"]["email"]) == (
        filed.number, "loket 3", "siti@example.org"
    )  # fmt: skip
    assert "bukan untuk pelapor" not in got.text
    assert data["history"][-1]["text"] == "Anda mengambil data yang tersimpan tentang pengaduan ini"
    file = await the_office.file_of(filed.number)
    assert file.events[-1].type == "data_given"


async def test_the_page_of_ones_data_can_be_read_by_everybody_and_printed(
    visit: Visit, axe: Axe, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    page = await visit("/lacak", width=390)
    await page.get_by_label("Nomor", exact=True).fill(filed.number)
    await page.get_by_label("Kode lacak").fill(filed.tracking_code)
    await press(page, "Tampilkan")
    await page.get_by_role("link", name="Data saya dalam pengaduan ini").click()
    await press(page, "Tampilkan data saya")
    assert "siti@example.org" in await page.inner_text("dl")
    assert await axe.broken_rules(page) == {}
    assert await small_targets(page) == []
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await sideways_scroll(page) <= 0
    await page.emulate_media(media="print")
    assert not await page.get_by_role("button", name="Simpan sebagai berkas").is_visible()
    assert await page.get_by_text("siti@example.org").is_visible()


def sheets(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of each page, in millimetres."""
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf)
    return [(round(float(w) / 72 * 25.4), round(float(h) / 72 * 25.4)) for w, h in boxes]


async def test_a_receipt_prints_on_a_slip_of_80_mm(visit: Visit) -> None:
    page = await visit("/lapor?layanan=", script=False)
    await page.get_by_label("Apa yang terjadi?").fill(WORDS)
    await press(page, "Lanjutkan")
    await press(page, "Kirim pengaduan")
    async with page.expect_navigation():
        await page.get_by_role("link", name="Sebagai struk 80 mm").click()
    assert sheets(await page.pdf(prefer_css_page_size=True)) == [(80, 235)]
    await page.emulate_media(media="print")
    await page.set_viewport_size({"width": 272, "height": 700})
    assert await sideways_scroll(page) <= 0
    assert await page.locator(".receipt .code").nth(1).is_visible()


async def test_the_counter_prints_the_same_slip(visit: Visit, http: httpx.AsyncClient, the_office: TheOffice) -> None:
    page = await open_as(visit, http, the_office, "petugas", "/desk/baru")
    await page.locator("#description").fill(WORDS)
    async with page.expect_navigation():
        await page.locator("main form .button").click()
    assert sheets(await page.pdf(prefer_css_page_size=True)) == [(80, 235)]
