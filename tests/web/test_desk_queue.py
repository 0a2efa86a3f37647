"""The officer's queue: what is due next comes first, filters narrow it, pages follow one another, and it works with and without script."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from html import unescape

import httpx
import pytest

from complaints_service.tickets.commands import Answer, Assign, Start, Verify
from complaints_service.tickets.model import Channel
from tests.office import TheOffice
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as, sign_in

BUDGET = 120 * 1024


def numbers(html: str) -> list[str]:
    """Tickets of the list in its order."""
    return re.findall(r'href="/desk/t/([^"]+)" data-row-link', html)


def a_word() -> str:
    """A word that no other test writes."""
    return "kata" + re.sub("[0-9]", "", uuid.uuid4().hex)


async def test_the_next_breach_comes_first(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    now, word = await the_office.now(), a_word()
    for days in (1, 30, 8):
        await the_office.file(
            description=f"{word} sudah lama menunggu", channel=Channel.COUNTER, received_at=now - timedelta(days=days)
        )
    await sign_in(http, the_office, "petugas")
    page = await http.get("/desk", params={"q": word})
    listed = numbers(page.text)
    due = [(await the_office.file_of(number)).ticket.next_due_at for number in listed]
    assert len(due) == 3
    assert due == sorted(due)
    states = re.findall(r'class="clock-chip" data-state="(\w+)" title="([^"]+)"', page.text)
    assert states[0][0] == "late"
    assert all("WIB" in absolute for _, absolute in states)
    assert "lewat" in page.text


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ({"status": "received"}, {"new"}),
        ({"status": "in_progress"}, {"worked"}),
        ({"status": "answered"}, {"answered"}),
        ({"status": "owed"}, {"new", "worked"}),
        ({"assignee": "me"}, {"worked", "answered"}),
        ({"assignee": "none"}, {"new"}),
        ({"category": "persyaratan"}, {"new"}),
        ({"service": "m-paspor"}, {"worked"}),
        ({"unit": "lantaskim"}, {"worked", "answered"}),
        ({"unit": "unit-pengaduan"}, {"new"}),
        ({"channel": "phone"}, {"answered"}),
        ({"overdue": "true", "status": "running"}, {"worked"}),
        ({"kind": "suggestion"}, set()),
        ({"order": "-received"}, {"new", "worked", "answered"}),
        ({"status": "nonsense"}, {"new", "worked", "answered"}),
    ],
)
async def test_a_filter_narrows_the_list(
    http: httpx.AsyncClient, the_office: TheOffice, query: dict[str, str], seen: set[str]
) -> None:
    word = a_word()
    words = f"{word} mohon dibantu"
    long_ago = await the_office.now() - timedelta(days=60)
    filed = {
        "new": await the_office.file(description=words, category="persyaratan", service=None),
        "worked": await the_office.file(
            description=words, service="m-paspor", channel=Channel.COUNTER, received_at=long_ago
        ),
        "answered": await the_office.file(description=words, channel=Channel.PHONE),
    }
    for name in ("worked", "answered"):
        for command in (Verify(), Assign(assignee="petugas"), Start()):
            await the_office.act(filed[name].number, command, "atasan")
    await the_office.act(filed["answered"].number, Answer(text="Sudah jadi."), "petugas")
    await sign_in(http, the_office, "petugas")
    page = await http.get("/desk", params={"q": word} | query)
    assert {name for name, one in filed.items() if one.number in numbers(page.text)} == seen
    chosen = re.findall(r'<option value="([^"]+)" selected', page.text)
    assert set(chosen) >= {v for v in query.values() if v != "nonsense"}


async def test_pages_follow_one_another_without_a_gap(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    word = a_word()
    filed = [await the_office.file(description=f"{word} nomor {n} dari banyak") for n in range(53)]
    await sign_in(http, the_office, "petugas")
    first = await http.get("/desk", params={"q": word})
    following = re.search(r'<a class="button-secondary" href="([^"]+)" rel="next"', first.text)
    assert following is not None
    second = await http.get(unescape(following[1]))
    assert len(numbers(first.text)) == 50
    assert {*numbers(first.text), *numbers(second.text)} == {one.number for one in filed}
    assert 'rel="next"' not in second.text
    assert 'rel="prev"' in second.text


async def test_a_cursor_that_is_none_of_ours_is_refused_politely(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    await sign_in(http, the_office, "petugas")
    assert (await http.get("/desk", params={"cursor": "%%%"})).status_code == 422


async def test_nobody_sees_another_units_tickets(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    word = a_word()
    filed = await the_office.file(description=f"{word} hanya untuk Lantaskim")
    for username, sees in (("petugas", True), ("petugas2", False), ("atasan", True), ("kepala", True)):
        await sign_in(http, the_office, username)
        for query in ({"q": word}, {"q": filed.number}, {"unit": "lantaskim"}, {"q": word, "order": "-received"}):
            listed = numbers((await http.get("/desk", params=query)).text)
            assert (filed.number in listed) is sees or (sees and "unit" in query), (username, query)


async def test_a_complaint_about_the_officer_is_not_in_the_officers_list(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    word = a_word()
    filed = await the_office.file(description=f"{word} tentang petugas", reported_person="Rina Wulandari")
    await sign_in(http, the_office, "petugas")
    assert numbers((await http.get("/desk", params={"q": word})).text) == []
    assert (await http.get(f"/desk/t/{filed.number}")).status_code == 404


async def test_a_full_page_stays_within_its_budget(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    word = a_word()
    for n in range(50):
        await the_office.file(description=f"{word} {n} " + "keluhan yang panjang sekali " * 20, subject="")
    await sign_in(http, the_office, "atasan")
    headers = {"Accept-Encoding": "gzip"}
    total = 0
    page = await http.get("/desk", params={"q": word})
    assert len(numbers(page.text)) == 50
    parts = re.findall(r'(?:rel="stylesheet" href|<script[^>]* src)="([^"]+)"', page.text)
    assert len(parts) >= 4
    for address in (f"/desk?q={word}", *parts):
        async with http.stream("GET", address, headers=headers) as answer:
            total += len(b"".join([part async for part in answer.aiter_raw()]))
    assert total <= BUDGET


async def test_with_the_keyboard_alone(http: httpx.AsyncClient, the_office: TheOffice, visit: Visit) -> None:
    word = a_word()
    filed = [await the_office.file(description=f"{word} {n} dengan papan tombol") for n in range(3)]
    page = await open_as(visit, http, the_office, "petugas", f"/desk?q={word}", language="en-GB")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    focused = await page.evaluate("document.activeElement.getAttribute('href')")
    assert focused == f"/desk/t/{filed[1].number}"
    await page.keyboard.press("?")
    assert await page.get_by_role("dialog", name="Keys").is_visible()
    await page.get_by_label("Use keys on this device").uncheck()
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog").wait_for(state="hidden")
    await page.reload()
    await page.keyboard.press("j")
    assert await page.evaluate("document.activeElement.tagName") == "BODY"
    await page.keyboard.press("?")
    await page.get_by_label("Use keys on this device").check()
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog").wait_for(state="hidden")
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.id") == "q"
    await page.keyboard.type("jk")
    assert await page.get_by_label("Search").input_value() == "jk"
    await page.reload()
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/desk/t/{filed[0].number}")


async def test_choosing_a_filter_changes_the_list_in_place(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit
) -> None:
    word = a_word()
    new, other = [await the_office.file(description=f"{word} {n} yang disaring") for n in range(2)]
    await the_office.act(other.number, Verify(), "atasan")
    page = await open_as(visit, http, the_office, "petugas", f"/desk?q={word}", language="en-GB")
    await page.evaluate("window.unchanged = true")
    await page.get_by_label("Status").select_option("received")
    await page.wait_for_url("**/desk?*status=received*")
    await page.get_by_role("row").nth(2).wait_for(state="detached")
    assert await page.locator("[data-row-link]").count() == 1
    assert await page.locator(f"a[href='/desk/t/{new.number}']").count() == 1
    assert await page.evaluate("window.unchanged") is True
