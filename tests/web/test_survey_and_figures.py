"""/survei and /transparansi: what visitors say, counted without knowing them, and the office's figures as everybody may read them."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import httpx
import pytest

from complaints_service.database import SYSTEM
from complaints_service.feedback.index import ELEMENTS
from complaints_service.public.kiosk_request import DEVICE_COOKIE
from complaints_service.transparency import service as transparency
from complaints_service.transparency.model import Month
from complaints_service.transparency.rules import bounds
from complaints_service.transparency.service import count_month
from complaints_service.wiring import Services
from tests.office import TheOffice
from tests.web.conftest import Visit
from tests.web.test_public_filing import press


def nine(score: str = "3", **more: str) -> dict[str, str]:
    return {**dict.fromkeys(ELEMENTS, score), "form_id": str(uuid.uuid4()), "service": "itas", **more}


async def surveys(services: Services) -> int:
    async with services.database.connection() as connection:
        return await connection.fetchval("SELECT count(*) FROM survey")


async def test_a_visitor_answers_once_an_hour_and_what_was_chosen_is_kept(
    http: httpx.AsyncClient, services: Services
) -> None:
    before = await surveys(services)
    missing = await http.post("/survei", data={**nine("2"), "u5": ""})
    assert missing.status_code == 422
    assert missing.text.count('href="#u') == 1
    assert missing.text.count(" checked") == 8
    form = nine()
    for _ in range(2):
        sent = await http.post("/survei", data=form)
        assert (sent.status_code, sent.headers["location"]) == (303, "/survei?terima-kasih")
    assert await surveys(services) == before + 1
    again = await http.post("/survei", data=nine("4"))
    assert again.status_code == 429
    assert 0 < int(again.headers["retry-after"]) <= 3600
    assert again.text.count(" checked") == 9
    assert await surveys(services) == before + 1
    async with services.database.connection() as connection:
        await connection.execute("UPDATE survey_turn SET ends_at = clock_timestamp()")
    assert (await http.post("/survei", data=nine("4"))).status_code == 303


async def test_a_kiosk_takes_the_next_visitor_after_a_minute(
    http: httpx.AsyncClient, services: Services, the_office: TheOffice
) -> None:
    _, token = await services.kiosk.create_device(await the_office.office(), f"survei {uuid.uuid4().hex[:6]}")
    http.cookies.set(DEVICE_COOKIE, token)
    assert (await http.post("/survei", data=nine())).status_code == 303
    waits = await http.post("/survei", data=nine())
    assert waits.status_code == 429
    assert int(waits.headers["retry-after"]) <= 60
    async with services.database.connection() as connection:
        assert await connection.fetchval("SELECT door FROM survey ORDER BY id DESC LIMIT 1") == "kiosk"


async def test_the_survey_is_answered_without_script_and_knows_nobody(visit: Visit, services: Services) -> None:
    page = await visit("/survei?layanan=itap", width=390, script=False)
    for element in ELEMENTS:
        await page.locator(f"[name={element}][value='4']").check()
    await press(page, "Kirim jawaban")
    assert "Terima kasih" in await page.inner_text("h1")
    async with services.database.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM survey ORDER BY id DESC LIMIT 1")
    assert row is not None
    assert set(row.keys()) == {"office_id", "id", "form_id", "at", "door", "service", "answers"}
    assert (row["service"], row["answers"]) == ("itap", [4] * 9)


async def test_a_month_is_counted_as_its_tickets_are(services: Services, the_office: TheOffice) -> None:
    filed = await the_office.file(service="itap")
    await the_office.file(service=None)
    office, now = await the_office.office(), await the_office.now()
    month = date(now.year, now.month, 1)
    starts, ends = bounds(month, office.time_zone)
    async with services.database.transaction(SYSTEM) as connection:
        rows = await connection.fetch(
            "SELECT coalesce(service, '') AS service, count(*) AS n FROM ticket"
            " WHERE office_id = $1 AND received_at >= $2 AND received_at < $3 GROUP BY 1",
            filed.office_id, starts, ends,
        )  # fmt: skip
        counted: Month = await count_month(connection, office, month)
    assert {slug: cell.received for slug, cell in counted.cells.items()} == {row["service"]: row["n"] for row in rows}
    for cell in counted.cells.values():
        assert cell.in_time <= cell.decided <= cell.received
        assert sum(cell.days.values()) <= cell.received


async def test_figures_are_kept_by_the_worker_and_read_as_they_are(
    http: httpx.AsyncClient, services: Services, the_office: TheOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever a test before has counted or read is of before.
    monkeypatch.setattr(transparency, "READ_SECONDS", 0.0)
    await the_office.move_clock(timedelta(hours=2))
    for _ in range(6):  # fewer are not told from one another
        await the_office.file()
    while await services.transparency.keep():
        pass
    assert await services.transparency.keep() == 0
    data = (await http.get("/transparansi/data.json")).json()
    assert data["months"][0]["service"] is None
    table = await http.get("/transparansi/data.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.text.startswith("month,service,received,")
    assert (await http.get("/transparansi/skema.json")).json()["$ref"].endswith("OpenData")
    page = await http.get("/transparansi")
    assert page.status_code == 200
    assert "CC BY 4.0" in page.text
    assert "<svg" in page.text


async def test_what_was_improved_stands_beside_the_figures(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    from tests.web.test_guidance_pages import hide, write

    made, title = await write(http, the_office, kind="improvement", services=[], shows_from="2026-11-01")
    page = (await http.get("/transparansi")).text
    assert title in page
    assert "1 November 2026" in page
    assert title not in (await http.get("/?layanan=itas")).text
    await hide(the_office, made)
