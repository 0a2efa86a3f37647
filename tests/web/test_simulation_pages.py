"""The simulation from its form to its result, and "why this date?": with and without script, in both languages, wide and narrow."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page

from complaints_service.tickets.commands import Answer, Start, Verify
from complaints_service.tickets.model import Channel
from tests.office import TheOffice
from tests.web.accessibility import Axe, sideways_scroll
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as, sign_in
from tests.web.test_manage_pages import token_of

FORM = "/admin/simulasi"
TRIAL = "/admin/kalender/coba"
LOOKS = [(360, "dark", "en-GB"), (1366, "light", "id-ID")]


async def some_lives(the_office: TheOffice) -> str:
    """Letters of the last weeks, answered and not; the number of the oldest."""
    numbers: list[str] = []
    for days in (60, 45, 30, 20, 9):
        received = await the_office.now() - timedelta(days=days)
        numbers.append((await the_office.file(channel=Channel.LETTER, received_at=received)).number)
    for command in (Verify(), Start(), Answer(text="Sudah jadi, silakan diambil.")):
        await the_office.act(numbers[1], command, "petugas")
    await the_office.fire()
    return numbers[0]


async def shot(page: Page, name: str) -> None:
    """For a person to look at, where a folder for it is named."""
    if folder := os.environ.get("COMPLAINTS_TEST_SHOTS"):
        await page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
async def test_from_the_form_to_the_result(
    visit: Visit, http: httpx.AsyncClient, the_office: TheOffice, axe: Axe, width: int, scheme: str, language: str
) -> None:
    await some_lives(the_office)
    page = await open_as(visit, http, the_office, "admin", FORM, width=width, scheme=scheme, language=language)
    assert await axe.broken_rules(page) == {}
    await shot(page, f"form-{width}")
    await page.select_option('select[name="policy"]', "v1")
    await page.click("main button.button")
    await page.wait_for_selector("#limits")
    assert await axe.broken_rules(page) == {}
    assert await sideways_scroll(page) == 0
    assert await page.locator(".figures .figure").count() == 4
    await shot(page, f"result-{width}")


async def test_without_script_the_page_asks_again_by_itself(
    visit: Visit, http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    await some_lives(the_office)
    page = await open_as(visit, http, the_office, "admin", FORM, script=False)
    await page.click("main button.button")
    await page.wait_for_selector("#limits")
    assert (await page.locator(".page-head a").get_attribute("href") or "").startswith(FORM)


async def test_the_result_names_cases_and_prints(visit: Visit, http: httpx.AsyncClient, the_office: TheOffice) -> None:
    number = await some_lives(the_office)
    page = await open_as(visit, http, the_office, "admin", FORM)
    await page.select_option('select[name="calendar"]', "v1")
    await page.click("main button.button")
    await page.wait_for_selector("#limits")
    assert number
    await page.emulate_media(media="print")
    await shot(page, "result-print")
    assert await page.locator("form:visible").count() == 0


async def test_what_is_wrong_stands_beside_its_field(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "admin")
    token = await token_of(http, FORM)
    for given, field in (
        ({"from": "2026-02-31", "to": "2026-11-01"}, "from"),
        ({"from": "2026-11-01", "to": ""}, "to"),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "to"),
        ({"from": "2026-11-01", "to": "2026-11-02", "policy": "d999"}, "policy"),
        ({"from": "2026-11-01", "to": "2026-11-02", "policy": "'; DROP"}, "policy"),
        ({"from": "2026-11-01", "to": "2026-11-02", "calendar": "v77"}, "calendar"),
        ({"from": "2026-11-01", "to": "2026-11-02", "calendar": "d"}, "calendar"),
        ({"from": "2026-11-01", "to": "2026-11-02", "unit": "bulan"}, "unit"),
    ):
        answer = await http.post(FORM, data={"csrf_token": token, **given})
        assert answer.status_code == 422, given
        assert f'id="{field}-error"' in answer.text, given


async def test_a_run_can_be_stopped_and_a_forgotten_one_says_start_again(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    await some_lives(the_office)
    await sign_in(http, the_office, "admin")
    token = await token_of(http, FORM)
    started = await http.post(FORM, data={"csrf_token": token, "from": "2024-01-01", "to": "2027-01-01"})
    assert started.status_code == 303, started.text
    place = started.headers["location"]
    assert (await http.post(f"{place}/henti", data={"csrf_token": token})).status_code == 303
    assert (await http.get(place)).status_code == 200
    forgotten = await http.get(f"{FORM}/unknown")
    assert forgotten.status_code == 404
    assert "mulai lagi" in forgotten.text
    again = await http.post(FORM, data={"csrf_token": token, "from": "2026-01-01", "to": "2027-01-01"})
    assert again.status_code == 303, "the place is free as soon as the run has been stopped"


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
async def test_a_moment_is_typed_and_the_answer_has_its_steps_and_days(
    visit: Visit, http: httpx.AsyncClient, the_office: TheOffice, axe: Axe, width: int, scheme: str, language: str
) -> None:
    path = f"{TRIAL}?day=2026-11-24&time=09:00&amount=3&measure=working_days"
    look = {"width": width, "scheme": scheme, "language": language}
    page = await open_as(visit, http, the_office, "petugas", path, **look)
    assert await axe.broken_rules(page) == {}
    assert await sideways_scroll(page) == 0
    assert await page.locator(".trial-steps li").count() >= 5
    assert await page.locator(".day").count() == 4
    due = await page.locator(".trial-answer time").get_attribute("datetime")
    assert due == "2026-11-27T09:30:00+00:00"
    await shot(page, f"trial-{width}")
    await page.goto(f"{TRIAL}?day=2026-12-18&time=15:10&amount=60&measure=working_days")
    assert await page.locator(".day-gap").count() == 1
    await shot(page, f"trial-long-{width}")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("day=2026-02-31", "day"),
        ("day=0000-00-00", "day"),
        ("day=9999-12-31", "day"),
        ("day=2026-11-24&time=25:00", "day"),
        ("amount=-1", "amount"),
        ("amount=drie", "amount"),
        ("amount=999999999", "amount"),
        ("amount=²", "amount"),
        ("measure=working_minutes&amount=1500000", "amount"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_by_its_field(
    http: httpx.AsyncClient, the_office: TheOffice, query: str, field: str
) -> None:
    await sign_in(http, the_office, "petugas")
    answer = await http.get(f"{TRIAL}?{query}")
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert not re.search("trial-answer", answer.text)


@pytest.mark.parametrize("measure", ["working_minutes", "calendar_days", "calendar_minutes", "nonsense"])
async def test_every_measure_has_an_answer(http: httpx.AsyncClient, the_office: TheOffice, measure: str) -> None:
    await sign_in(http, the_office, "petugas")
    for more in ("", "&calendar=v1", "&calendar=d", "&calendar=v99999", "&calendar=%00"):
        answer = await http.get(f"{TRIAL}?day=2026-11-24&time=09:00&amount=90&measure={measure}{more}")
        assert answer.status_code == 200, more
        assert "trial-answer" in answer.text
