"""Everybody in the office can use the desk and the management pages: WCAG 2.2 AA as far as a machine can tell, every width and theme."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import Page

from complaints_service.tickets.commands import Answer, Note, Release, Start, Verify
from complaints_service.tickets.model import Hold
from tests.office import TheOffice
from tests.web.accessibility import Axe, fold_out, too_wide_for
from tests.web.conftest import Visit
from tests.web.desk_pages import do, open_as, sign_in

STATES = ("queue", "ticket", "ticket refused", "filing", "filing with mistakes", "figures", "cycles", "cycle", "admin")


async def open_state(state: str, http: httpx.AsyncClient, the_office: TheOffice, visit: Visit) -> Page:
    """A page of the desk in one of the states, in English."""
    who = "admin" if state == "admin" else "kepala" if state in ("figures", "cycles", "cycle") else "petugas"
    path = {"queue": "/desk", "figures": "/manage", "cycles": "/manage/feedback", "admin": "/admin"}.get(
        state, "/desk/baru"
    )
    if state.startswith("ticket"):
        filed = await the_office.file()
        for command in (
            Verify(),
            Start(),
            Note(text="Berkas dicari."),
            Answer(text="Kabar sementara.", resolves=False),
        ):
            await the_office.act(filed.number, command, who)
        path = f"/desk/t/{filed.number}"
    if state == "cycle":
        await sign_in(http, the_office, who)
        token = (await http.get("/manage/feedback")).text.partition('name="csrf_token" value="')[2].partition('"')[0]
        path = (await http.post("/manage/feedback", data={"csrf_token": token})).headers["location"]
    page = await open_as(visit, http, the_office, who, path, language="en-GB")
    if state == "filing with mistakes":
        await page.get_by_role("button", name="File the complaint").click()
        await page.locator("#error-summary").wait_for()
    if state == "ticket refused":
        await sign_in(http, the_office, who)
        await do(http, path.rpartition("/")[2], "set_priority", priority="high")
        await page.get_by_label("Answer to the reporter").fill("Sudah jadi.")
        await page.get_by_role("button", name="Send as the final answer").click()
        await page.locator("#trouble").wait_for()
    await fold_out(page)
    return page


@pytest.mark.parametrize("state", STATES)
async def test_page_breaks_no_rule_and_is_never_wider_than_the_window(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit, axe: Axe, state: str
) -> None:
    await the_office.file()
    page = await open_state(state, http, the_office, visit)
    assert await axe.broken_in(page, ("light", 1280), ("dark", 390)) == {}
    assert await too_wide_for(page, 1280, 768, 390, 320) == {}


async def test_the_page_of_what_is_held_is_usable_by_everybody(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit, axe: Axe
) -> None:
    hold = Hold("contact", 24)
    held = [
        (await the_office.file(hold=hold, description=f"Kiriman program {n > 1}, sama saja.")).number for n in range(3)
    ]
    page = await open_as(visit, http, the_office, "petugas", "/desk/ditahan", language="en-GB")
    await fold_out(page)
    assert await axe.broken_in(page, ("light", 1280), ("dark", 390)) == {}
    assert await too_wide_for(page, 1280, 768, 390, 320) == {}
    assert all([await page.locator(f"[id='{number}']").count() == 1 for number in held])
    await page.goto("/desk")
    assert await axe.broken_in(page, ("light", 390)) == {}
    for number in held:
        await the_office.act(number, Release(), "petugas")
