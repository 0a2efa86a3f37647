"""The kiosk without a line, in a real browser: what is filled in is kept sealed, arrives in order, each once, and counts from then."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta

import httpx
import segno
from playwright.async_api import Page, Route, expect

from complaints_service.database import SYSTEM
from complaints_service.public.kiosk_request import DEVICE_COOKIE
from complaints_service.wiring import Services
from tests.office import TheOffice
from tests.web.accessibility import Axe, small_targets
from tests.web.conftest import Visit
from tests.web.test_kiosk_pages import TWENTY_MM, at_kiosk
from tests.web.test_public_filing import press

WORDS = "Antrean loket paspor sangat lama, dan jaringan kantor putus."
_READY = """async () => { await navigator.serviceWorker.ready; await new Promise((yes) =>
  navigator.serviceWorker.controller ? yes() : navigator.serviceWorker.addEventListener("controllerchange", yes)); }"""
_STORED = """async () => {
  const done = (request) => new Promise((yes) => { request.onsuccess = () => yes(request.result); });
  const database = await done(indexedDB.open("kios", 1));
  return done(database.transaction("antrean").objectStore("antrean").getAll()); }"""

_QUEUE = """async () => { const page = await (await fetch("/kios/luring/id")).text();
  return [page.match(/src="([^"]+offline\\.js)"/)[1].replace("offline", "queue"), page.match(/data-key="([^"]+)"/)[1]]; }"""


async def new_kiosk(services: Services, name: str = "Ruang tunggu") -> str:
    """The code for a new kiosk's screen."""
    _, code = await services.kiosk.expect_device(await services.offices.current(), name)
    return code


async def dark_modules(page: Page) -> set[tuple[int, int]]:
    """The square of the slip as it is drawn, without its border."""
    path = await page.locator("[data-screen=sent] .slip-qr path").get_attribute("d") or ""
    return {(int(x) - 4, int(y) - 4) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path)}


def codes_of(address: str) -> list[set[tuple[int, int]]]:
    """Every QR code that says so much, one for each mask."""
    drawn = [segno.make_qr(address, error="m", mode="byte", mask=mask).matrix for mask in range(8)]
    return [{(x, y) for y, row in enumerate(code) for x, dark in enumerate(row) if dark} for code in drawn]


async def filled_in(page: Page, words: str) -> None:
    """From the first screen to the last before sending."""
    await page.locator("[data-go=about]:visible").click()
    await page.get_by_role("button", name="Antrean dan kuota").click()
    await page.locator("#description").fill(words)
    await page.locator("[data-go=who]:visible").click()
    await page.get_by_label("Nama Anda").fill("Budi Santoso")
    await page.locator("[data-go=check]:visible").click()


async def test_a_day_without_a_line_at_the_kiosk(
    visit: Visit, http: httpx.AsyncClient, services: Services, the_office: TheOffice, axe: Axe
) -> None:
    page = await at_kiosk(visit, await new_kiosk(services), own=True)
    await page.evaluate(_READY)
    await page.goto("/kios/buat")
    await press(page, "Antrean dan kuota")
    await page.locator("#description").fill(WORDS)
    await page.context.set_offline(True)

    # Cut in the middle of a form: the next screen comes all the same, with every word.
    await press(page, "Lanjutkan")
    assert "Sedang tidak ada jaringan" in await page.inner_text(".kiosk-note")
    await page.get_by_label("Nama Anda").fill("Budi Santoso")
    assert await axe.broken_rules(page) == {}
    await page.locator("[data-go=check]:visible").click()
    assert WORDS in await page.inner_text("dl >> nth=0")
    assert "Antrean dan kuota" in await page.inner_text("dl >> nth=0")
    assert await small_targets(page, TWENTY_MM) == []
    await page.get_by_role("button", name="Kirim pengaduan").click()
    await expect(page.locator("[data-screen=sent]")).to_be_visible()
    receipt = await page.inner_text("[data-receipt]")
    code = await page.inner_text("[data-code]")
    assert re.fullmatch(r"S-[0-9A-Z]{4}-[0-9A-Z]{2}", receipt)
    square = f"/s/{(receipt[1:] + code).replace('-', '')}"
    assert await dark_modules(page) in codes_of(services.settings.base_url + square)
    await expect(page.locator("kiosk-line")).to_have_text("Menunggu jaringan: 1")
    assert await axe.broken_rules(page) == {}
    await page.emulate_media(media="print")
    assert await page.locator("[data-receipt]").is_visible()
    assert (await page.locator("[data-screen=sent] .slip-qr svg").bounding_box() or {})["width"] > TWENTY_MM
    assert not await page.locator(".kiosk-note").is_visible()
    await page.emulate_media(media="screen")

    # What lies on the device says nothing to who takes it away, and not even to the next person.
    stored = await page.evaluate(_STORED)
    assert len(stored) == 1
    assert not re.search("Budi|Antrean|antrean-kuota|" + receipt, str(stored))

    # The visit ends without a line too, and the next person finds an empty kiosk, in either language.
    await press(page, "Sudah saya catat")
    assert WORDS not in await page.content()
    async with page.expect_navigation():
        await page.get_by_role("banner").get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="How can we help you?")).to_be_visible()
    async with page.expect_navigation():
        await page.get_by_role("banner").get_by_role("button", name="Bahasa Indonesia").click()
    await page.locator("[data-go=track]:visible").click()
    await expect(page.locator("[data-screen=track]")).to_be_visible()

    # Before the line is back the receipt leads nowhere, and the page says why.
    early = await http.post("/lacak", data={"number": receipt, "code": code})
    assert early.status_code == 422
    assert "belum terhubung" in early.text
    waiting = await http.get(square)
    assert "Menunggu jaringan" in waiting.text
    assert receipt in waiting.text
    on_own_phone = await visit(square, width=320)
    assert await axe.broken_rules(on_own_phone) == {}

    # Silence asks, then clears the form, the page and the cookies, and never the queue.
    await page.clock.install()
    await press(page, "Berhenti dan mulai dari awal")
    await filled_in(page, "Ditulis oleh seseorang yang lalu pergi.")
    await page.clock.run_for(61_000)
    await expect(page.get_by_role("alertdialog")).to_be_visible()
    async with page.expect_navigation():
        await page.clock.run_for(31_000)
    assert "lalu pergi" not in await page.content()
    assert len(await page.evaluate(_STORED)) == 1

    await page.context.set_offline(False)
    await page.goto("/kios")
    await expect(page.locator("kiosk-line")).to_be_hidden()
    assert await page.evaluate(_STORED) == []
    assert {cookie.get("name") for cookie in await page.context.cookies()} <= {DEVICE_COOKIE, "bahasa"}

    # Who scanned the slip presses "look again", and reads the number; one button more is the receipt of this very filing.
    async with on_own_phone.expect_navigation():
        await on_own_phone.get_by_role("link", name="Lihat lagi").click()
    number = (await on_own_phone.inner_text(".receipt .code")).strip()
    assert await axe.broken_rules(on_own_phone) == {}
    assert await on_own_phone.context.cookies() == [], "to look opens nothing"
    await press(on_own_phone, "Lihat tanda terima dan kodenya")
    assert on_own_phone.url.endswith(f"/terkirim/{number}")
    filed = (await the_office.file_of(number)).ticket
    own_code = services.keys.tracking_code((await the_office.office()).id, filed.id, filed.key_id)
    assert own_code in await on_own_phone.inner_text(".receipt")

    exchanged = await http.post("/lacak", data={"number": receipt.lower(), "code": code.replace("-", " ")})
    assert exchanged.status_code == 303
    assert number == exchanged.headers["location"].rpartition("/")[2]
    file = await the_office.file_of(number)
    assert (file.text.description, file.ticket.channel, file.ticket.category) == (WORDS, "kiosk", "antrean-kuota")
    assert file.reporter is not None
    assert file.reporter.name == "Budi Santoso"
    assert number in (await http.get(exchanged.headers["location"])).text
    assert (await http.post("/lacak", data={"number": receipt, "code": "0000-0000-00"})).status_code == 422


async def test_two_hundred_kept_forms_sent_twice_with_the_line_cut_twenty_times_are_two_hundred_tickets(
    visit: Visit, services: Services, site: str
) -> None:
    page = await at_kiosk(visit, await new_kiosk(services, "Lobi"), own=True)
    cuts = itertools.count()

    async def cut(route: Route) -> None:
        """Ten times before the server has it, ten times after: the answer is lost, and nobody knows."""
        turn = next(cuts)
        if turn >= 20:
            await route.continue_()
            return
        if turn % 2:
            await route.fetch()
        await route.abort("internetdisconnected")

    await page.route("**/kios/kiriman", cut)
    async with services.database.transaction(SYSTEM) as connection:
        before = await connection.fetchval("SELECT count(*) FROM ticket")
    module, key = await page.evaluate(_QUEUE)
    numbers = await page.evaluate(
        """async ([module, key]) => {
          const { keep, send, counts } = await import(module);
          const keepAll = async (items) => { for (const { id, form } of items) await keep(id, form, key); };
          const all = Array.from({ length: 200 }, (_, n) => ({ id: crypto.randomUUID(), form: {
            answers: { kind: "complaint", privacy: "open", description: `Kios tanpa jaringan, pengaduan ${String(n).padStart(3, "0")}` },
            language: "id", filed_at: new Date(Date.now() - (200 - n) * 60_000).toISOString(),
            receipt: `S-${String(n).padStart(4, "0")}-AA`, code: "7K3M-9QXD-2T" } }));
          const found = [];
          for (const round of [1, 2]) {
            await keepAll(all);
            for (let tries = 0; (await counts()).waiting; tries += 1) {
              if (tries > 40) throw new Error("never through");
              found.push(...(await send()).numbers.values());
            }
          }
          return found;
        }""",
        [module, key],
    )
    assert next(cuts) >= 40
    async with services.database.transaction(SYSTEM) as connection:
        rows = await connection.fetch(
            """SELECT t.number, t.received_at, w.description FROM ticket AS t
               JOIN complaint_text AS w ON w.office_id = t.office_id AND w.ticket_id = t.id
               WHERE w.description LIKE 'Kios tanpa jaringan, pengaduan %' ORDER BY t.id"""
        )
        after = await connection.fetchval("SELECT count(*) FROM ticket")
    assert after - before == 200
    assert [row["description"][-3:] for row in rows] == [f"{n:03}" for n in range(200)]
    assert numbers == [row["number"] for row in rows] * 2
    gaps = {later["received_at"] - earlier["received_at"] for earlier, later in itertools.pairwise(rows)}
    assert all(abs(gap - timedelta(minutes=1)) < timedelta(seconds=5) for gap in gaps)


async def test_what_was_not_taken_stays_and_is_offered_again_after_a_day(visit: Visit, services: Services) -> None:
    page = await at_kiosk(visit, await new_kiosk(services, "Lantai 2"), own=True)
    now, tomorrow = await page.evaluate(
        """async ([module, key]) => {
          const { keep, send, counts } = await import(module);
          await keep(crypto.randomUUID(), "no form", key);
          await send();
          const now = await counts(), real = Date.now;
          Date.now = () => real() + 25 * 3_600_000;
          return [now, await counts()];
        }""",
        await page.evaluate(_QUEUE),
    )
    assert now == {"waiting": 0, "refused": 1, "due": 0}
    assert tomorrow == {"waiting": 0, "refused": 1, "due": 1}
