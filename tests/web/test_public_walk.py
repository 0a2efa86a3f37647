"""The form one question a page: without script, with every answer kept forwards, backwards and over mistakes, and usable by everybody."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import msgspec
from playwright.async_api import Locator, Page, expect

from complaints_service.clock import machine_now
from complaints_service.public.form_time import made_now
from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests import files
from tests.app_client import opened_app
from tests.office import TheOffice
from tests.web.accessibility import Axe, sideways_scroll, small_targets
from tests.web.conftest import Visit
from tests.web.test_public_filing import ANSWERS, WORDS
from tests.web.test_public_offline import _READY, kept

STEPS = ["layanan", "jenis", "cerita", "tentang", "kapan", "siapa", "berkas", "privasi", "kontak", "periksa"]


class Walker:
    """Somebody with a thumb: counts every tap that leads on or chooses something (fields that are typed into count once)."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = 0

    async def tap(self, what: Locator, *, leads_on: bool = True) -> None:
        self.taps += 1
        if not leads_on:
            await what.check()
            return
        async with self.page.expect_navigation():
            await what.click()

    async def on(self) -> None:
        """The main button of the page."""
        await self.tap(self.page.locator("form.filing .button"))

    async def write(self, label: str, words: str) -> None:
        self.taps += 1
        await self.page.get_by_label(label).fill(words)

    @property
    def at(self) -> str:
        return self.page.url.partition("/lapor/")[2].partition("#")[0]


async def test_a_citizen_answers_one_question_a_page_without_script(visit: Visit, the_office: TheOffice) -> None:
    page = await visit("/", width=390, script=False)
    walker = Walker(page)
    assert "Langkah 1 dari 10" in await page.inner_text("main")
    await walker.tap(page.get_by_role("link", name="Paspor baru"))
    assert "Langkah 2 dari 10" in await page.inner_text("main")
    await walker.on()

    # A mistake: the same question again, what to do, and nothing else is lost.
    await page.get_by_label("Apa yang terjadi?").fill("Kurang")
    await page.locator("form.filing .button").click()
    assert "Langkah 3 dari 10" in await page.inner_text("main")
    await page.get_by_role("alert").get_by_role("link").click()
    assert page.url.endswith("#description")
    assert await page.get_by_label("Apa yang terjadi?").input_value() == "Kurang"
    await walker.write("Apa yang terjadi?", WORDS)
    await walker.on()
    assert walker.at == "tentang"
    await walker.tap(page.get_by_label("Keterlambatan"), leads_on=False)
    await walker.on()
    assert walker.at == "kapan"
    await walker.write("Pada hari apa terjadinya?", "2026-11-20")
    await walker.tap(page.get_by_label("Saya tidak tahu tempatnya"), leads_on=False)
    await walker.on()
    await walker.on()

    # The other language, in the middle: the same question, the same answers.
    async with page.expect_navigation():
        await page.get_by_role("button", name="English").click()
    assert walker.at == "berkas"
    assert "Step 7 of 10" in await page.inner_text("main")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Indonesia").click()
    await page.locator("#file").set_input_files({"name": "bukti.jpg", "mimeType": "image/jpeg", "buffer": files.jpeg()})
    walker.taps += 1
    await walker.on()
    await walker.tap(page.get_by_label("Hanya sedikit orang"), leads_on=False)
    await walker.on()

    # Back over two pages: what was chosen is still chosen.
    for expected in ("privasi", "berkas"):
        async with page.expect_navigation():
            await page.get_by_role("button", name="Kembali").click()
        assert walker.at == expected
    assert await page.get_by_label("bukti.jpg").is_checked()
    for _ in range(2):
        await page.locator("form.filing .button").click()
    assert walker.at == "kontak"
    await walker.write("Nama Anda", "Siti Rahma")
    await walker.write("Alamat surel", "siti@example.org")
    await walker.on()
    assert walker.at == "periksa"
    assert "Langkah 10 dari 10" in await page.inner_text("main")
    shown = await page.inner_text("dl")
    for words in (
        "Paspor baru",
        "Keterlambatan",
        "20 November 2026",
        "Tidak tahu",
        "bukti.jpg",
        "rahasia",
        "Siti Rahma",
    ):
        assert words in shown

    # One answer is changed, and the way leads back to the check page.
    async with page.expect_navigation():
        await page.get_by_role("button", name="Ubah Nama Anda").click()
    assert page.url.endswith("/lapor/kontak#reporter-name")
    await page.get_by_label("Nama Anda").fill("Siti Rahmawati")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Simpan dan kembali ke jawaban saya").click()
    assert walker.at == "periksa"
    await walker.tap(page.get_by_role("button", name="Kirim pengaduan"))
    assert walker.taps == 18
    number = await page.locator(".receipt .code").first.inner_text()
    file = await the_office.file_of(number)
    assert (file.text.description, file.text.occurred_on, file.text.location) == (WORDS, "2026-11-20", None)
    assert (file.ticket.service, file.ticket.category, file.ticket.privacy) == (
        "paspor-baru",
        "keterlambatan",
        "confidential",
    )
    assert file.reporter is not None
    assert (file.reporter.name, file.reporter.email) == ("Siti Rahmawati", "siti@example.org")
    assert [one.name for one in file.attachments] == ["bukti.jpg"]


async def test_who_has_little_time_sends_with_five_taps(visit: Visit, the_office: TheOffice) -> None:
    page = await visit("/", width=390, script=False)
    walker = Walker(page)
    await walker.tap(page.get_by_role("link", name="Tidak tahu atau lainnya"))
    await walker.on()
    await walker.write("Apa yang terjadi?", WORDS)
    await walker.tap(page.get_by_role("button", name="Cukup: periksa dan kirim"))
    await walker.tap(page.get_by_role("button", name="Kirim pengaduan"))
    assert walker.taps == 5
    file = await the_office.file_of(await page.locator(".receipt .code").first.inner_text())
    assert file.text.description == WORDS


async def test_every_question_and_its_mistakes_are_usable_by_everybody(visit: Visit, axe: Axe) -> None:
    page = await visit("/lapor/layanan", width=390, language="en-GB", own=True)
    wrong = {
        "cerita": ("#description", "x"),
        "kapan": ("#occurred_on", "0001-01-01"),
        "kontak": ("#reporter-email", "x"),
    }
    for step in STEPS:
        states = 2 if step in wrong else 1
        for state in range(states):
            assert await axe.broken_in(page, ("light", 390), ("dark", 390)) == {}, (step, state)
            assert await small_targets(page) == [], step
            await page.set_viewport_size({"width": 320, "height": 700})
            assert await sideways_scroll(page) <= 0, step
            await page.set_viewport_size({"width": 390, "height": 800})
            if step == "periksa":
                return
            if step in wrong and state == 0:
                field, text = wrong[step]
                await page.locator(field).fill(text)
            elif step in wrong:
                field, _ = wrong[step]
                assert await page.evaluate("document.activeElement.id") == "error-summary"
                await page.locator(field).fill(WORDS if step == "cerita" else "")
            async with page.expect_navigation():
                await page.locator("form.filing .button").click()


async def test_a_walk_that_is_broken_off_goes_on_where_it_was(visit: Visit) -> None:
    page = await visit("/?layanan=m-paspor", width=390, own=True)
    await page.evaluate(_READY)
    await page.locator("form.filing .button").click()
    await page.locator("#description").fill(WORDS)
    await kept(page, 1)
    # The line breaks in the middle: all questions on the page that the device keeps, with what was written.
    await page.context.set_offline(True)
    await page.locator("form.filing .button").click()
    await expect(page.get_by_role("button", name="Kirim saat ada jaringan")).to_be_visible()
    await expect(page.locator("#description")).to_have_value(WORDS)
    await expect(page.locator("#service")).to_have_value("m-paspor")
    await page.context.set_offline(False)
    await page.close()
    page = await visit("/?layanan=m-paspor", beside=page)
    await expect(page.locator("[data-kept]")).to_be_visible()
    await page.locator("form.filing .button").click()
    await expect(page.locator("#description")).to_have_value(WORDS)


def page_of(answer: httpx.Response) -> str:
    """Which page an answer shows."""
    found = re.search(r'name="page" value="([^"]+)"', answer.text)
    return found[1] if found else ""


async def test_forwards_is_checked_and_backwards_is_not(http: httpx.AsyncClient) -> None:
    walk = {**ANSWERS, "walk": "1", "description": "Kurang"}
    forward = await http.post("/lapor/tentang", data={**walk, "page": "cerita"})
    assert (forward.status_code, page_of(forward)) == (422, "cerita")
    assert "siti@example.org" in forward.text
    back = await http.post("/lapor/jenis", data={**walk, "page": "cerita"})
    assert (back.status_code, page_of(back)) == (200, "jenis")
    # Who jumps to the end meets the first question that is still open, and comes back from it.
    jumped = await http.post("/lapor/periksa", data={**walk, "page": "kontak", "category": "tidak-ada"})
    assert (jumped.status_code, page_of(jumped)) == (422, "cerita")
    sent = await http.post("/", data={**walk, "page": "periksa", "step": "send"})
    assert (sent.status_code, page_of(sent)) == (422, "cerita")
    assert (await http.get("/lapor/tidak-ada")).status_code == 404
    assert (await http.post("/lapor/tidak-ada", data=walk)).status_code == 404
    for step in STEPS:
        asked = await http.get(f"/lapor/{step}")
        assert (asked.status_code, page_of(asked)) == (200, "cerita" if step == "periksa" else step)


async def test_who_stays_anonymous_is_not_asked_who_they_are(http: httpx.AsyncClient) -> None:
    answer = await http.post("/lapor/kontak", data={**ANSWERS, "walk": "1", "page": "privasi", "privacy": "anonymous"})
    assert (answer.status_code, answer.headers["location"]) == (307, "/lapor/periksa")
    check = await http.post("/lapor/periksa", data={**ANSWERS, "walk": "1", "page": "privasi", "privacy": "anonymous"})
    assert page_of(check) == "periksa"
    assert "Siti Rahma" not in check.text
    assert "siti@example.org" not in check.text


async def test_what_is_sent_sooner_than_a_person_reads_asks_once_more_and_keeps_everything(
    settings: Settings, services: Services
) -> None:
    slow = msgspec.structs.replace(services, settings=msgspec.structs.replace(settings, form_min_seconds=60))
    async with opened_app(slow.settings, slow) as client:
        form = {**ANSWERS, "step": "send", "walk": "1", "page": "periksa"}
        for made in ("", "1.forged", made_now(services.keys, machine_now())):
            quick = await client.post("/", data={**form, "made": made})
            assert (quick.status_code, page_of(quick)) == (200, "periksa")
            assert "sekali lagi" in quick.text
            assert "Siti Rahma" in quick.text
        old = made_now(services.keys, machine_now() - timedelta(seconds=61))
        assert (await client.post("/", data={**form, "made": old})).status_code == 303
