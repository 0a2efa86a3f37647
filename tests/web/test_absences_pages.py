"""The page of absences and duty: what is planned is seen, a mistake is named at its field, everybody can read it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from zoneinfo import ZoneInfo

import httpx
import pytest

from complaints_service.database import SYSTEM
from tests.office import TheOffice
from tests.web.accessibility import Axe, fold_out, too_wide_for
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as, sign_in, token_of
from tests.web.test_calendar_pages import text_of

ROOT = "/admin/ketidakhadiran"
WIB = ZoneInfo("Asia/Jakarta")
LOOKS = (("light", 1366, "id-ID"), ("dark", 360, "en-GB"))


@pytest.fixture
async def admin(http: httpx.AsyncClient, the_office: TheOffice) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator; the plans of a test are taken back when it ends."""
    yield await sign_in(http, the_office, "admin")
    async with the_office.services.database.transaction(SYSTEM) as connection:
        await connection.execute("UPDATE absence SET revoked_at = office_now() WHERE revoked_at IS NULL")
        await connection.execute("UPDATE duty SET revoked_at = office_now() WHERE revoked_at IS NULL")


async def send(http: httpx.AsyncClient, **words: str) -> httpx.Response:
    """Send the form with its token."""
    return await http.post(ROOT, data={"csrf_token": await token_of(http), **words})


async def test_duty_is_planned_and_where_nobody_is_on_duty_is_seen(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    officer = await the_office.person("petugas")
    day = ((await the_office.now()) + timedelta(days=2)).date()
    week = f"{ROOT}?dari={day.isoformat()}"
    assert "Belum ada jadwal piket untuk waktu ini" in await text_of(admin, week)
    words = {"act": "duty", "duty-person": str(officer.id), "duty-from": day.isoformat(), "duty-to": day.isoformat()}
    answer = await send(admin, **words, **{"duty-from-time": "08:00", "duty-to-time": "16:00"})
    assert answer.headers["location"] == f"{ROOT}#duties"
    page = await text_of(admin, week)
    assert f"{officer.name} 08.00–16.00" in page
    assert "tidak ada petugas piket 00.00–08.00" in page
    assert "tidak ada petugas piket 16.00–24.00" in page
    assert "tidak ada petugas piket sepanjang hari" in page, "the other days of the week"
    assert "Piket dicatat" in page
    clash = await send(admin, **words)
    assert clash.status_code == 422
    assert 'href="#duty-from"' in clash.text
    assert f'value="{day.isoformat()}"' in clash.text


async def test_a_duty_of_the_same_hours_each_day_leaves_the_nights_out(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    officer = await the_office.person("petugas")
    first = ((await the_office.now()) + timedelta(days=2)).date()
    days = [(first + timedelta(days=n)).isoformat() for n in range(3)]
    words = {
        "act": "duty",
        "duty-person": str(officer.id),
        "duty-from": days[0],
        "duty-to": days[2],
        "duty-each": "yes",
    }
    asked = await send(admin, **words)
    assert asked.status_code == 422
    assert "mulai pukul: Tuliskan jam setiap harinya." in unescape(asked.text)
    hours = {"duty-from-time": "16:00", "duty-to-time": "07:30"}
    assert (await send(admin, **words | {"duty-to": "2027-12-31"}, **hours)).status_code == 422
    assert (await send(admin, **words, **hours)).headers["location"] == f"{ROOT}#duties"
    async with the_office.services.database.transaction(SYSTEM) as connection:
        rows = await connection.fetch("SELECT starts_at, ends_at FROM duty WHERE revoked_at IS NULL ORDER BY starts_at")
    assert [row["starts_at"].astimezone(WIB).isoformat()[:16] for row in rows] == [f"{day}T16:00" for day in days]
    assert {row["ends_at"] - row["starts_at"] for row in rows} == {timedelta(hours=15, minutes=30)}
    # All or none: the second of these days is taken.
    again = words | {"duty-from": (first - timedelta(days=1)).isoformat(), "duty-to": days[1]}
    assert (await send(admin, **again, **hours)).status_code == 422
    async with the_office.services.database.transaction(SYSTEM) as connection:
        assert await connection.fetchval("SELECT count(*) FROM duty WHERE revoked_at IS NULL") == 3


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"act": "absence", "absence-from": "2027-02-31"}, "absence-from"),
        ({"act": "absence", "absence-person": "x"}, "absence-person"),
        ({"act": "absence", "absence-stand-in": "-1"}, "absence-stand-in"),
        ({"act": "absence", "absence-to": "2027-03-01", "absence-to-time": "25:00"}, "absence-to-time"),
        ({"act": "absence", "absence-note": "x" * 201}, "absence-note"),
        ({"act": "duty", "duty-person": "1", "duty-from": "9999-12-31", "duty-to": "9999-12-31"}, "duty-from"),
        ({"act": "duty", "duty-unit": "²"}, "duty-unit"),
    ],
)
async def test_a_mistake_in_a_plan_is_named(admin: httpx.AsyncClient, words: dict[str, str], field: str) -> None:
    answer = await send(admin, **words)
    assert answer.status_code == 422
    assert re.search(f'href="#{field}">[^:<]+: ', answer.text), "the summary names the field"
    assert f'id="{field}"' in answer.text


async def test_a_deed_that_is_none_is_refused(admin: httpx.AsyncClient) -> None:
    for act in ({}, {"act": "hapus"}, {"act": "revoke-duty", "id": "x"}, {"act": "revoke-absence", "id": "9" * 30}):
        assert (await send(admin, **act)).status_code in (404, 422)


async def test_an_officer_plans_only_the_own_absence(
    admin: httpx.AsyncClient, the_office: TheOffice, http: httpx.AsyncClient
) -> None:
    await sign_in(http, the_office, "petugas")
    page = await text_of(http, ROOT)
    own = re.search(r'<select id="absence-person".*?</select>', page, re.DOTALL)
    assert own is not None
    assert own[0].count("<option") == 1
    assert 'value="duty"' not in page


async def test_page_breaks_no_rule_and_is_never_wider_than_the_window(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit, axe: Axe
) -> None:
    for scheme, width, language in LOOKS:
        look = {"scheme": scheme, "width": width, "language": language}
        page = await open_as(visit, http, the_office, "admin", f"{ROOT}?hari=28", **look)
        await fold_out(page)
        assert await axe.broken_rules(page) == {}, look
        assert await too_wide_for(page, 1366, 768, 360, 320) == {}, look
