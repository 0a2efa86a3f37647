"""The touch screens of the kiosk: one question a screen, nothing of a previous person, one ticket however often one presses."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from complaints_service.public.kiosk_request import DEVICE_COOKIE
from complaints_service.public.opened_tickets import TICKET_COOKIE
from complaints_service.wiring import Services
from tests.office import TheOffice
from tests.web.accessibility import Axe, small_targets
from tests.web.conftest import Visit
from tests.web.test_public_filing import press

WORDS = "Antrean loket paspor sangat lama hari ini."
TWENTY_MM = 75
SENT = {"kind": "complaint", "category": "antrean-kuota", "description": WORDS, "privacy": "open", "step": "send"}


@pytest.fixture
async def token(services: Services) -> str:
    """The token of a kiosk in the waiting room."""
    _, token = await services.kiosk.create_device(await services.offices.current(), "Ruang tunggu")
    return token


async def at_kiosk(visit: Visit, token: str, **how: Any) -> Page:
    """A registered kiosk at its first screen."""
    page = await visit("/kios", width=1080, height=1700, **how)
    await page.locator("#code").fill(token)
    async with page.expect_navigation():
        await page.locator("main button").click()
    # The size of its screen is asked once; here the usual one.
    await page.goto("/kios")
    return page


async def test_a_device_without_token_is_asked_for_it_and_a_wrong_one_is_refused(
    http: httpx.AsyncClient, services: Services, token: str
) -> None:
    for path in ("/kios", "/kios/buat", "/kios/cek"):
        assert (await http.get(path)).headers["location"] == "/kios/daftar"
    for path in ("/kios/buat", "/kios/cek"):
        assert (await http.post(path, data=SENT)).headers["location"] == "/kios/daftar"
    assert (await http.post("/kios/daftar", data={"code": "x" * 43})).status_code == 422
    assert DEVICE_COOKIE not in http.cookies
    assert (await http.post("/kios/daftar", data={"code": f" {token} "})).status_code == 303
    assert (await http.get("/kios")).status_code == 200
    office = await services.offices.current()
    device = await services.kiosk.device_for(token)
    assert device is not None
    await services.kiosk.revoke_device(office, device.id)
    assert (await http.get("/kios")).headers["location"] == "/kios/daftar"


async def test_a_person_files_at_the_kiosk_and_sees_the_case_again_with_number_and_code(
    visit: Visit, the_office: TheOffice, token: str
) -> None:
    page = await at_kiosk(visit, token, script=False)
    async with page.expect_navigation():
        await page.get_by_role("link", name="Buat pengaduan atau saran").click()
    await press(page, "Antrean dan kuota")
    await press(page, "Lanjutkan")
    assert "Tuliskan apa yang terjadi" in await page.get_by_role("alert").inner_text()
    await page.locator("#description").fill(WORDS)
    await press(page, "Lanjutkan")
    await page.get_by_label("Nama Anda").fill("Budi")
    await press(page, "Lanjutkan")
    assert WORDS in await page.inner_text("dl")
    await press(page, "Kembali")
    assert await page.get_by_label("Nama Anda").input_value() == "Budi"
    await press(page, "Lanjutkan")
    await press(page, "Kirim pengaduan")
    number, code = await page.locator(".slip .code").all_inner_texts()
    receipt = page.url
    file = await the_office.file_of(number)
    assert (file.ticket.channel, file.ticket.category) == ("kiosk", "antrean-kuota")
    assert file.reporter is not None
    assert file.reporter.name == "Budi"

    await press(page, "Sudah saya catat")
    await page.goto(receipt)
    assert page.url.endswith("/kios")

    async with page.expect_navigation():
        await page.get_by_role("link", name="Cek status pengaduan saya").click()
    await page.locator("#number").fill(number)
    await page.locator("#code").fill(code)
    await press(page, "Tampilkan")
    assert "Unit Pengaduan" in await page.inner_text("main") or "Seksi" in await page.inner_text("main")
    assert {cookie.get("name") for cookie in await page.context.cookies()} == {DEVICE_COOKIE}


async def test_pressing_send_again_and_again_makes_one_ticket(http: httpx.AsyncClient, token: str) -> None:
    await http.post("/kios/daftar", data={"code": token})
    form_id = re.findall(r'name="form_id" value="([^"]+)"', (await http.get("/kios/buat")).text)[0]
    answers = await asyncio.gather(*(http.post("/kios/buat", data={**SENT, "form_id": form_id}) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1


async def test_the_end_of_a_visit_leaves_nothing_for_the_next_person(http: httpx.AsyncClient, token: str) -> None:
    await http.post("/kios/daftar", data={"code": token})
    await http.post("/bahasa", data={"language": "en", "next": "/kios"})
    sent = await http.post("/kios/buat", data=SENT)
    kept = http.cookies[TICKET_COOKIE]
    await http.post("/kios/selesai")
    assert set(http.cookies) == {DEVICE_COOKIE}
    http.cookies.set(TICKET_COOKIE, kept)
    assert (await http.get(sent.headers["location"])).status_code == 303
    assert 'lang="id"' in (await http.get("/kios")).text


async def test_silence_asks_then_ends_the_visit_and_a_touch_extends_it(visit: Visit, token: str) -> None:
    page = await at_kiosk(visit, token, own=True)
    await page.clock.install()
    await page.goto("/kios/buat")
    asks = page.get_by_role("alertdialog")
    await page.clock.fast_forward(59_000)
    await expect(asks).to_be_hidden()
    await page.clock.fast_forward(2_000)
    await expect(asks).to_be_visible()
    await page.get_by_role("button", name="Ya, lanjutkan").click()
    await expect(asks).to_be_hidden()
    await page.clock.fast_forward(61_000)
    await expect(asks).to_be_visible()
    async with page.expect_navigation():
        await page.clock.run_for(31_000)
    assert page.url.endswith("/kios")


async def test_the_keyboard_on_the_screen_writes_into_the_field(visit: Visit, token: str) -> None:
    page = await at_kiosk(visit, token)
    await page.goto("/kios/buat")
    await press(page, "Lainnya")
    await page.locator("#description").click()
    for key in "pungli":
        await page.locator(f".hg-button[data-skbtn='{key}']").click()
    assert await page.locator("#description").input_value() == "pungli"


async def test_on_a_standing_screen_nothing_to_touch_lies_in_the_upper_third(visit: Visit, token: str) -> None:
    page = await at_kiosk(visit, token, script=False)
    await page.set_viewport_size({"width": 1080, "height": 1920})
    for path in ("/kios", "/kios/buat", "/kios/cek", "/kios/hp", "/kios/survei"):
        await page.goto(path)
        assert await page.locator("main :is(a, button):visible").count() > 0
        assert await page.evaluate(_OUT_OF_REACH) == [], path


# What is touched and begins above a third of the screen.
_OUT_OF_REACH = """() => [...document.querySelectorAll("a, button, textarea, input:not([type=hidden])")]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().top < innerHeight / 3).map((e) => e.outerHTML)"""
# Whether a finger on the middle of it meets it, and not something that lies over it.
_IN_REACH = """(e) => { const { x, y, width, height } = e.getBoundingClientRect();
  return e.contains(document.elementFromPoint(x + width / 2, y + height / 2)); }"""


async def at_the_keyboard(visit: Visit, token: str, width: int, height: int) -> Page:
    """Where the words are written, the keyboard open: help and the ways on and back can still be touched."""
    page = await at_kiosk(visit, token)
    await page.set_viewport_size({"width": width, "height": height})
    await page.goto("/kios/buat")
    await press(page, "Lainnya")
    await page.locator("#description").click()
    await expect(page.locator(".touch-keyboard")).to_be_visible()
    for name in ("Panggil petugas", "Kembali", "Lanjutkan"):
        assert await page.get_by_role("button", name=name).evaluate(_IN_REACH), name
    return page


async def test_on_a_tablet_the_keyboard_leaves_room_for_what_is_written(visit: Visit, token: str) -> None:
    page = await at_the_keyboard(visit, token, 768, 1024)
    for part in ("#description", "main h1"):
        assert await page.locator(part).evaluate(_ALL_IN_SIGHT), part


# From its upper to its lower edge.
_ALL_IN_SIGHT = """(e) => { const { x, y, width, height } = e.getBoundingClientRect();
  return [4, height / 2, height - 4].every((down) => e.contains(document.elementFromPoint(x + width / 4, y + down))); }"""


async def test_nothing_shows_through_what_ends_a_long_screen(visit: Visit, token: str) -> None:
    page = await at_kiosk(visit, token, script=False)
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.goto("/kios/survei")
    for name in ("Kembali", "Kirim jawaban"):
        last = page.locator("main .kiosk-actions").get_by_text(name)
        for down in range(0, 400, 40):
            await page.locator("main").evaluate("(e, y) => e.scrollTo(0, y)", down)
            assert await last.evaluate(_WHOLE), (name, down)


# No other control lies anywhere over it.
_WHOLE = """(e) => { const { x, y, width, height } = e.getBoundingClientRect();
  for (let left = 4; left < width - 4; left += 6) for (let top = 6; top < height - 6; top += 6) {
    if (document.elementFromPoint(x + left, y + top)?.matches("input, label")) return false;
  }
  return true; }"""


async def test_the_keyboard_covers_neither_help_nor_the_way_on(visit: Visit, token: str) -> None:
    page = await at_the_keyboard(visit, token, 1280, 800)
    assert await page.locator("#description").evaluate(_IN_REACH)


async def test_the_survey_at_a_kiosk_stays_in_the_kiosk(http: httpx.AsyncClient, token: str) -> None:
    assert (await http.get("/kios/survei")).headers["location"] == "/kios/daftar"
    assert (await http.post("/kios/survei", data={})).headers["location"] == "/kios/daftar"
    await http.post("/kios/daftar", data={"code": token})
    assert 'href="/kios/survei"' in (await http.get("/kios")).text
    assert (await http.post("/kios/survei", data={"u1": "4"})).status_code == 422
    sent = await http.post("/kios/survei", data={f"u{n}": "3" for n in range(1, 10)})
    assert (sent.status_code, sent.headers["location"]) == (303, "/kios/survei?terima-kasih")
    assert "/kios/selesai" in (await http.get("/kios/survei?terima-kasih")).text
    assert "/masuk" not in (await http.get("/kios/survei")).text


@pytest.mark.parametrize("path", ["/kios", "/kios/buat", "/kios/cek", "/kios/hp", "/kios/ukuran", "/kios/survei"])
async def test_screens_have_targets_of_20_mm_and_break_no_rule(visit: Visit, axe: Axe, token: str, path: str) -> None:
    page = await at_kiosk(visit, token, language="en-GB")
    await page.goto(path)
    assert await axe.broken_rules(page) == {}
    assert await small_targets(page, TWENTY_MM) == []
    assert await page.locator(".kiosk-choice").count() == {"/kios": 4, "/kios/buat": 10}.get(path, 0)


async def test_the_phone_screen_holds_a_code_that_leads_to_the_form(http: httpx.AsyncClient, token: str) -> None:
    await http.post("/kios/daftar", data={"code": token})
    page = await http.get("/kios/hp")
    assert "<svg" in page.text
    assert "<script" not in re.sub(r"<script[^>]+src=[^>]+></script>", "", page.text)
