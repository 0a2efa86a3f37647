"""The calendar's pages: a day is closed without a script, nothing is lost on a mistake, everybody can read them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import expect

from complaints_service.management import effects_count
from tests.office import TheOffice
from tests.web.accessibility import Axe, fold_out, too_wide_for
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as, sign_in, token_of

ROOT = "/admin/kalender"
LOOKS = (("light", 1366, "id-ID"), ("dark", 360, "en-GB"))
WIB = ZoneInfo("Asia/Jakarta")


@pytest.fixture
async def admin(http: httpx.AsyncClient, the_office: TheOffice) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator with no draft; the calendars of a test are taken back when it ends."""
    client = await sign_in(http, the_office, "admin")
    version = max((await the_office.office()).calendars)
    await send(client, ROOT)
    yield client
    await sign_in(http, the_office, "admin")
    if max((await the_office.office()).calendars) > version:
        await send(client, f"{ROOT}/riwayat", version=str(version))
        published = await send(client, f"{ROOT}/tinjau", why="kembali", if_version=await seen(client))
        assert published.status_code == 303
    await send(client, ROOT)


async def send(http: httpx.AsyncClient, path: str, **words: str) -> httpx.Response:
    """Send a form of the pages with its token."""
    return await http.post(path, data={"csrf_token": await token_of(http), **words})


async def seen(http: httpx.AsyncClient) -> str:
    """The version that the review page was made for."""
    found = re.search(r'name="if_version" value="(\d+)"', (await http.get(f"{ROOT}/tinjau")).text)
    assert found is not None
    return found[1]


async def text_of(http: httpx.AsyncClient, path: str) -> str:
    answer = await http.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.text)


async def test_a_day_is_closed_reviewed_published_compared_and_taken_back(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    words = {"act": "close", "name": "Banjir bandang", "kind": "office"}
    answer = await send(admin, f"{ROOT}/hari/2027-06-15", **words)
    assert answer.headers["location"] == f"{ROOT}?tahun=2027#m6"
    year = await text_of(admin, f"{ROOT}?tahun=2027")
    assert "1 perubahan dalam konsep Anda belum diterbitkan." in year
    assert 'aria-label="Selasa, 15 Juni 2027: ditutup kantor: Banjir bandang (diubah dalam konsep)"' in year
    before = max((await the_office.office()).calendars)
    review = await text_of(admin, f"{ROOT}/tinjau")
    assert "Selasa, 15 Juni 2027" in review
    nothing = await send(admin, f"{ROOT}/tinjau", why="", if_version=str(before), applies_to_open="yes")
    assert nothing.status_code == 422
    assert 'id="why-error"' in nothing.text
    published = await send(admin, f"{ROOT}/tinjau", why="Banjir", if_version=str(before), applies_to_open="yes")
    assert published.headers["location"] == f"{ROOT}/riwayat?terbit={before + 1}"
    history = await text_of(admin, published.headers["location"])
    assert f"Versi {before + 1} kalender telah diterbitkan" in history
    assert "Banjir" in history
    compared = await text_of(admin, f"{ROOT}/banding?dari={before}&ke={before + 1}")
    assert "ditutup kantor: Banjir bandang" in compared
    assert "belum diterbitkan" not in await text_of(admin, ROOT), "the draft is gone"
    back = await send(admin, f"{ROOT}/riwayat", version=str(before))
    assert back.headers["location"] == f"{ROOT}/tinjau"
    assert "ditutup kantor: Banjir bandang" in await text_of(admin, f"{ROOT}/tinjau")
    old = await text_of(admin, f"{ROOT}?tahun=2027&versi={before}")
    assert f"Anda melihat versi {before}" in old
    assert f'href="{ROOT}/hari/' not in old


async def test_the_day_to_name_is_the_day_at_hand(admin: httpx.AsyncClient, the_office: TheOffice) -> None:
    today = (await the_office.now()).astimezone(WIB).date()
    assert f'name="tanggal" value="{today}"' in await text_of(admin, ROOT)
    later = today.year + 1
    assert f'name="tanggal" value="{later}-01-01"' in await text_of(admin, f"{ROOT}?tahun={later}")


@pytest.mark.parametrize("script", [False, True])
async def test_over_many_tickets_the_effects_are_counted_in_the_background_and_no_word_is_lost(
    admin: httpx.AsyncClient, the_office: TheOffice, visit: Visit, monkeypatch: pytest.MonkeyPatch, *, script: bool
) -> None:
    monkeypatch.setattr(effects_count, "COUNTED_AT_ONCE", 0)
    filed = await the_office.file()
    due = next(row.due_at for row in filed.deadlines if row.target == "verify").astimezone(WIB).date()
    await send(admin, f"{ROOT}/hari/{due.isoformat()}", act="click")
    page = await open_as(visit, admin, the_office, "admin", f"{ROOT}/tinjau", script=script)
    await page.get_by_label("Mengapa kalender berubah?").fill("Banjir")
    await page.get_by_role("button", name="Hitung akibatnya").press("Enter")
    figures = page.locator("#effects .figures")
    look = page.get_by_role("button", name="Lihat kemajuannya")
    # Without a script the page is asked again by a button, and keeps what was written.
    while not script and await figures.count() == 0:
        await look.press("Enter")
        await page.wait_for_load_state()
    await expect(figures).to_contain_text("tanggal mundur")
    await expect(page.get_by_label("Mengapa kalender berubah?")).to_have_value("Banjir")


async def test_what_somebody_else_published_is_not_undone_unseen(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    before = max((await the_office.office()).calendars)
    await send(admin, f"{ROOT}/hari/2027-06-15", act="close", name="Banjir", kind="office")
    api = "/api/v1/calendars"
    newest = (await admin.get(api)).json()["items"][0]
    document = newest["document"] | {"days_off": [*newest["document"]["days_off"], "2027-06-16"]}
    body = {"document": document, "why": "yang lain", "if_version": before}
    made = await admin.post(api, json=body, headers={"X-CSRF-Token": await token_of(admin)})
    assert made.status_code == 201, made.text
    # Publishing ends the draft of the one who published; here it is the same person's second window.
    await send(admin, f"{ROOT}/hari/2027-06-17", act="close", name="Banjir", kind="office")
    stale = await send(admin, f"{ROOT}/tinjau", why="Banjir", if_version=str(before))
    assert stale.status_code == 412
    assert "Orang lain sudah menerbitkan kalender lain." in unescape(stale.text)
    assert "Banjir" in stale.text, "what was written is still there"
    async with the_office.services.database.connection() as connection:
        await connection.execute("UPDATE calendar_draft SET base_version = $1", before)
    assert f"menerbitkan versi {before + 1} setelah Anda mulai" in await text_of(admin, f"{ROOT}/tinjau")
    assert (await send(admin, f"{ROOT}/tinjau", act="renew")).headers["location"] == f"{ROOT}/tinjau"
    renewed = await text_of(admin, f"{ROOT}/tinjau")
    assert "setelah Anda mulai" not in renewed
    assert "Kamis, 17 Juni 2027" in renewed
    assert "Rabu, 16 Juni 2027" not in renewed, "what the other one closed stays closed"


@pytest.mark.parametrize(
    ("path", "words", "field"),
    [
        ("hari/2027-06-15", {"act": "open", "name": "Sabtu", "hours": "08-12, 11-13"}, "hours"),
        ("hari/2027-06-15", {"act": "open", "name": "Sabtu", "hours": "pagi"}, "hours"),
        ("hari/2027-06-15", {"act": "open", "name": "Sabtu", "hours": ""}, "hours"),
        ("hari/2027-06-15", {"act": "close", "name": ""}, "name"),
        ("hari/2027-06-15", {"act": "close", "name": "x" * 201}, "name"),
        ("hari/2027-06-15", {"act": "hapus semuanya"}, "act"),
        ("minggu", {"mon": "12-08", "time_zone": "Asia/Jakarta", "confirmed_through": "2027-12-31"}, "mon"),
        ("minggu", {"mon": "08-12", "time_zone": "Bulan", "confirmed_through": "2027-12-31"}, "time_zone"),
        (
            "minggu",
            {"mon": "08-12", "time_zone": "Asia/Jakarta", "confirmed_through": "2027-02-31"},
            "confirmed_through",
        ),
        ("khusus", {"name": "Ramadan", "from": "2029-03-02", "to": "2029-03-01"}, "to"),
        ("khusus", {"name": "Ramadan", "from": "2027-02-10", "to": "2027-02-12"}, "from"),
        ("khusus", {"name": "", "from": "2029-02-31", "to": "2029-03-01"}, "from"),
        ("libur", {"year": "2029"}, "day"),
    ],
)
async def test_a_mistake_is_named_at_its_field_and_no_word_is_lost(
    admin: httpx.AsyncClient, path: str, words: dict[str, str], field: str
) -> None:
    answer = await send(admin, f"{ROOT}/{path}", **words)
    assert answer.status_code == 422
    page = unescape(answer.text)
    assert 'id="error-summary"' in page
    assert f'href="#{field}"' in page
    assert f'id="{field}"' in page, "the summary's link leads somewhere"
    if path in ("minggu", "khusus"):
        assert re.search(f'href="#{field}">[^:<]+: ', page), (
            "the summary names the field: the same words may stand for any day"
        )
    for name, word in words.items():
        assert name in ("act", "year", "kind") or not word or f'value="{word}"' in page, name
    assert "belum diterbitkan" not in await text_of(admin, ROOT)


@pytest.mark.parametrize(
    "path",
    [
        "hari/2027-02-31",
        "hari/besok",
        "hari/20270615",
        "hari/0001-01-01",
        "hari?tanggal=",
        "khusus/2027-01-01",
        "banding?dari=1&ke=999999999",
        "banding?dari=%00&ke=1",
        "banding?dari=²&ke=1",
    ],
)
async def test_an_address_that_makes_no_sense_is_not_there(admin: httpx.AsyncClient, path: str) -> None:
    assert (await admin.get(f"{ROOT}/{path}")).status_code == 404


async def test_a_year_that_makes_no_sense_is_another_year(admin: httpx.AsyncClient) -> None:
    for query in ("tahun=abc", "tahun=99999", "tahun=-1", "tahun=²⁰²⁷", "versi=x"):
        assert (await admin.get(f"{ROOT}?{query}")).status_code == 200, query


async def test_names_of_days_cannot_carry_markup(admin: httpx.AsyncClient) -> None:
    name = '<script>alert(1)</script>"&\x00'
    assert (await send(admin, f"{ROOT}/hari/2027-06-15", act="close", name=name)).status_code == 303
    for path in (f"{ROOT}?tahun=2027", f"{ROOT}/hari/2027-06-15", f"{ROOT}/tinjau"):
        page = (await admin.get(path)).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&amp;" in page


async def test_missing_holidays_are_taken_over_with_one_button(admin: httpx.AsyncClient) -> None:
    listed = await text_of(admin, f"{ROOT}/libur?tahun=2029")
    assert "Ada di daftar, tetapi tidak tutup di kalender: tutup" in listed
    assert (await send(admin, f"{ROOT}/libur", year="2029", all="yes")).status_code == 303
    assert "Daftar dan kalender sama untuk 2029" in await text_of(admin, f"{ROOT}/libur?tahun=2029")
    assert "libur nasional: Hari Raya Natal" in await text_of(admin, f"{ROOT}?tahun=2029")


@pytest.mark.parametrize("script", [False, True])
async def test_a_click_closes_a_day_and_a_second_one_opens_it_again(
    admin: httpx.AsyncClient, the_office: TheOffice, visit: Visit, *, script: bool
) -> None:
    page = await open_as(visit, admin, the_office, "admin", f"{ROOT}?tahun=2027", script=script)
    day, other = (page.get_by_role("button", name=name) for name in ("Selasa, 15 Juni 2027", "Rabu, 16 Juni 2027"))
    bar = page.locator("#draft-bar")
    await day.press("Enter")
    await expect(day).to_have_accessible_name("Selasa, 15 Juni 2027: ditutup kantor (diubah dalam konsep)")
    await other.press("Enter")
    await expect(bar).to_contain_text("2 perubahan dalam konsep Anda belum diterbitkan.")
    await day.press("Enter")
    await expect(bar).to_contain_text("1 perubahan dalam konsep Anda belum diterbitkan.")
    assert "diubah" not in str(await day.get_attribute("aria-label"))
    await bar.get_by_role("link", name="Rabu, 16 Juni 2027").press("Enter")
    await page.get_by_label("Alasan atau nama hari").fill("Banjir")
    await page.get_by_role("button", name="Masukkan ke konsep").press("Enter")
    await expect(page.get_by_role("button", name="Rabu, 16 Juni 2027: ditutup kantor: Banjir")).to_have_count(1)
    await bar.get_by_role("link", name="Tinjau dan terbitkan").press("Enter")
    await expect(page.locator("main")).to_contain_text("Rabu, 16 Juni 2027")


async def test_clicks_at_once_are_all_kept_and_a_free_day_asks_for_its_hours(admin: httpx.AsyncClient) -> None:
    days = [f"2027-06-{day}" for day in (15, 16, 17)]
    await asyncio.gather(*(send(admin, f"{ROOT}/hari/{day}", act="click") for day in days))
    assert "3 perubahan" in await text_of(admin, f"{ROOT}?tahun=2027")
    sunday = await send(admin, f"{ROOT}/hari/2027-06-20", act="click")
    assert sunday.headers["location"] == f"{ROOT}/hari/2027-06-20"
    assert "3 perubahan" in await text_of(admin, f"{ROOT}?tahun=2027")


async def test_who_is_no_longer_signed_in_is_led_to_the_sign_in_page_by_a_click_too(http: httpx.AsyncClient) -> None:
    http.cookies.clear()
    headers = {"HX-Request": "true", "Accept": "text/html"}
    answer = await http.post(f"{ROOT}/hari/2027-06-15", data={"act": "click"}, headers=headers)
    assert answer.headers["HX-Redirect"] == f"/masuk?next={ROOT}/hari/2027-06-15"
    assert not answer.content


PAGES = {
    "year": ROOT,
    "year with a draft": f"{ROOT}?tahun=2027",
    "day": f"{ROOT}/hari/2027-06-15",
    "week": f"{ROOT}/minggu",
    "special": f"{ROOT}/khusus",
    "holidays": f"{ROOT}/libur?tahun=2029",
    "review": f"{ROOT}/tinjau",
    "history": f"{ROOT}/riwayat",
}


@pytest.mark.parametrize("name", PAGES)
async def test_page_breaks_no_rule_and_is_never_wider_than_the_window(
    admin: httpx.AsyncClient, the_office: TheOffice, visit: Visit, axe: Axe, name: str
) -> None:
    await send(admin, f"{ROOT}/hari/2027-06-15", act="close", name="Banjir", kind="office")
    for scheme, width, language in LOOKS:
        look = {"scheme": scheme, "width": width, "language": language}
        page = await open_as(visit, admin, the_office, "admin", PAGES[name], **look)
        await fold_out(page)
        assert await axe.broken_rules(page) == {}, look
        assert await too_wide_for(page, 1366, 768, 360, 320) == {}, look


async def test_every_day_of_a_year_can_be_reached(admin: httpx.AsyncClient) -> None:
    page = await text_of(admin, f"{ROOT}?tahun=2028")
    days = set(re.findall(rf'(?:href|formaction)="{ROOT}/hari/(\d{{4}}-\d\d-\d\d)"', page))
    assert days == {(date(2028, 1, 1) + timedelta(days=n)).isoformat() for n in range(366)}
