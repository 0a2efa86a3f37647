"""The form as an app on somebody's telephone: it opens and is filled in without a network, is sent once, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import io

import httpx
from PIL import Image
from playwright.async_api import Page, Route, expect

from complaints_service.database import SYSTEM
from complaints_service.wiring import Services
from tests.files import jpeg
from tests.office import TheOffice
from tests.web.accessibility import Axe, sideways_scroll, small_targets
from tests.web.conftest import Visit
from tests.web.test_public_filing import press

WORDS = "Sinyal di desa saya putus, padahal antrean M-Paspor dibuka hari ini."
_READY = """async () => {
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) await new Promise((yes) =>
    navigator.serviceWorker.addEventListener("controllerchange", yes));
  while (!(await caches.match("/luring/id"))) await new Promise((yes) => setTimeout(yes, 20)); }"""
_HELD = """async ([count, without]) => {
  const done = (request) => new Promise((yes) => { request.onsuccess = () => yes(request.result); });
  for (;;) {
    const database = await done(indexedDB.open("pengaduan", 1));
    const all = (await done(database.transaction("isi").objectStore("isi").getAll())).map((one) => JSON.stringify(one));
    database.close();
    if (all.length === count && !all.some((one) => without && one.includes(without))) return all;
    await new Promise((yes) => setTimeout(yes, 20));
  } }"""


async def kept(page: Page, count: int, without: str = "") -> list[str]:
    """What the browser holds, once there are so many and none has these words."""
    async with asyncio.timeout(15):
        return await page.evaluate(_HELD, [count, without])


async def test_a_form_without_a_network_is_filled_in_survives_and_is_sent_once(
    visit: Visit, services: Services, the_office: TheOffice, axe: Axe
) -> None:
    page = await visit("/lapor?layanan=m-paspor", width=390, own=True)
    await page.evaluate(_READY)
    # The draft survives a closed page.
    await page.locator("#description").fill(WORDS)
    await kept(page, 1)
    await page.close()
    page = await visit("/lapor?layanan=m-paspor", beside=page)
    await expect(page.locator("#description")).to_have_value(WORDS)
    await expect(page.locator("[data-kept]")).to_be_visible()

    # Without a network the form opens, with the same words, and says what becomes of them; other pages lead to it.
    await page.context.set_offline(True)
    await page.goto("/lacak")
    await expect(page.locator("[data-elsewhere]")).to_be_visible()
    await page.goto("/")
    await expect(page.locator("#description")).to_have_value(WORDS)
    await page.get_by_label("Nama Anda").fill("Siti Rahma")
    await page.locator("input[type=file]").set_input_files(
        {"name": "layar.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
    )
    assert await axe.broken_rules(page) == {}
    assert await small_targets(page) == []
    assert await sideways_scroll(page) <= 0
    await page.get_by_role("button", name="Kirim saat ada jaringan").click()
    state = page.locator("outbox-state")
    await expect(state).to_contain_text("Menunggu jaringan")
    assert await axe.broken_rules(page) == {}

    # The network comes back, and the first answer is lost on the way: it is sent again, under the same id.
    lost: list[str] = []

    async def lose_the_first(route: Route) -> None:
        if route.request.method != "POST" or lost:
            await route.continue_()
            return
        lost.append(route.request.url)
        await route.fetch(max_redirects=0)
        await route.abort("connectionreset")

    await page.context.route(lambda url: url.endswith("/"), lose_the_first)
    await page.context.set_offline(False)
    await page.goto("/lapor?layanan=")
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(state).to_contain_text("Terkirim: LT-")
    await page.evaluate("dispatchEvent(new Event('online'))")
    number = await state.get_by_role("link").inner_text()
    async with services.database.transaction(SYSTEM) as connection:
        same = await connection.fetchval("SELECT count(*) FROM complaint_text WHERE description = $1", WORDS)
    assert same == 1
    file = await the_office.file_of(number)
    assert (file.ticket.channel, file.ticket.service, len(file.attachments)) == ("web", "m-paspor", 1)

    # Only the number stays, and it goes at the press of a button; the receipt opens on this device.
    (held,) = await kept(page, 1)
    assert WORDS not in held
    assert "Siti" not in held
    async with page.expect_navigation():
        await state.get_by_role("link").click()
    assert number in await page.inner_text(".receipt")
    await page.locator("outbox-state").get_by_role("button").click()
    await expect(page.locator("outbox-state")).to_be_hidden()
    await kept(page, 0)


async def test_a_form_whose_sending_is_cut_waits_and_one_sent_with_a_network_leaves_no_draft(
    visit: Visit, the_office: TheOffice
) -> None:
    page = await visit("/lapor?layanan=", width=390, own=True)
    await page.evaluate(_READY)
    await page.locator("#description").fill(WORDS + " Sekali lagi.")
    await press(page, "Lanjutkan")
    await page.context.set_offline(True)
    await press(page, "Kirim pengaduan")
    await expect(page.locator("outbox-state")).to_contain_text("Menunggu jaringan")
    await page.context.set_offline(False)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.locator("outbox-state")).to_contain_text("Terkirim: LT-")

    await page.goto("/lapor?layanan=")
    await page.locator("#description").fill(WORDS + " Dengan jaringan.")
    await press(page, "Lanjutkan")
    await press(page, "Kirim pengaduan")
    await kept(page, 1, without="Dengan")
    assert await cached_pages(page) == ["/luring/id"]


async def cached_pages(page: Page) -> list[str]:
    """What the worker keeps, without style sheets, scripts and icons."""
    return await page.evaluate("""async () => (await Promise.all((await caches.keys()).map(async (name) =>
      (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname)))).flat()
      .filter((path) => !path.startsWith("/static/") && !path.startsWith("/manifest"))""")


async def test_the_app_can_be_installed(http: httpx.AsyncClient) -> None:
    manifest = (await http.get("/manifest.webmanifest")).json()
    assert (manifest["display"], manifest["start_url"], manifest["lang"]) == ("standalone", "/", "id")
    sizes: set[str] = set()
    for icon in manifest["icons"]:
        answer = await http.get(icon["src"])
        assert answer.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            width, height = Image.open(io.BytesIO(answer.content)).size
            sizes.add(f"{width}x{height}")
            assert icon["sizes"] == f"{width}x{height}"
    assert sizes == {"192x192", "512x512"}
    assert (await http.get("/pekerja.js")).headers["service-worker-allowed"] == "/"


async def test_a_case_offers_news_on_this_device_to_who_has_opened_it(
    visit: Visit, services: Services, the_office: TheOffice, axe: Axe
) -> None:
    filed = await the_office.file()
    page = await visit("/lacak", width=390)
    await page.locator("#number").fill(filed.number)
    await page.locator("#code").fill(filed.tracking_code)
    await press(page, "Tampilkan")
    # Most browsers under test may show no notifications, and there the offer stays hidden; here it is looked at all the same.
    await page.evaluate("document.querySelector('push-switch').hidden = false")
    assert await axe.broken_rules(page) == {}
    assert await small_targets(page) == []

    address = f"/t/{filed.number}/kabar"
    asked = await page.request.get(address)
    assert (await asked.json())["key"] == services.webpush.public
    browser = {
        "endpoint": "https://push.example.net/wp/1",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        "p256dh": services.webpush.public,
    }
    token = await page.locator("push-switch").get_attribute("data-token") or ""
    for given, status in (("x", 403), (token, 204)):
        answer = await page.request.post(address, form={**browser, "form_token": given})
        assert answer.status == status
        assert await devices(services) == (status == 204)
    await page.request.post(f"{address}/henti", form={"endpoint": browser["endpoint"], "form_token": token})
    assert await devices(services) == 0


async def devices(services: Services) -> int:
    """How many subscriptions there are."""
    async with services.database.transaction(SYSTEM) as connection:
        return await connection.fetchval("SELECT count(*) FROM push_subscription")
