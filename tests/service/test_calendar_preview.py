"""``POST /api/v1/calendars/preview``: the office's own calendar and one that is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice
from tests.service.test_accounts_http import sign_in

URL = "/api/v1/calendars/preview"
START = "2026-11-24T02:00:00Z"
MORNINGS = {"time_zone": "Asia/Jakarta", "weekly": {day: [["08:00", "12:00"]] for day in ("mon", "tue", "wed")}}


@pytest.fixture
async def officer(settings: Settings, services: Services, the_office: TheOffice) -> AsyncIterator[httpx.AsyncClient]:
    async with started_app(settings, services) as app, client_of(app) as client:
        client.headers.update(await sign_in(client, the_office.passwords["petugas"]))
        yield client


async def test_the_offices_own_calendar_and_one_that_is_sent(officer: httpx.AsyncClient) -> None:
    for calendar, due in ((None, "2026-11-27T09:30:00Z"), (MORNINGS, "2026-12-01T05:00:00Z")):
        body = {"calendar": calendar, "start": START, "add": {"working_days": 3}}
        answer = await officer.post(URL, json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["due_at"] == due
        assert len(answer.json()["steps"]) >= 4
    span = {"calendar": MORNINGS, "start": START, "end": "2026-11-25T02:00:00Z"}
    assert (await officer.post(URL, json=span)).json() == {"working_minutes": 240}


async def test_a_calendar_that_cannot_be_is_refused_by_place(officer: httpx.AsyncClient) -> None:
    wrong = {"time_zone": "Mars/Olympus", "weekly": {"mon": [["12:00", "08:00"]]}}
    answer = await officer.post(URL, json={"calendar": wrong, "start": START, "add": {"working_days": 1}})
    assert answer.status_code == 422
    assert {problem["pointer"] for problem in answer.json()["errors"]} == {
        "/calendar/time_zone",
        "/calendar/weekly/mon/0",
    }


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"start": "0001-01-01T00:00:00Z", "add": {"working_days": 3}}, "/start"),
        ({"start": "9999-12-31T00:00:00Z", "add": {"working_minutes": 3}}, "/start"),
        ({"start": "2026-11-24T02:00:00Z", "end": "9999-12-31T00:00:00Z"}, "/end"),
        ({"start": "2026-11-24T02:00:00Z", "end": "2126-11-24T02:00:00Z"}, "/end"),
        ({"calendar": {"time_zone": "Asia/Jakarta"}, "start": "2026-11-24T02:00:00Z", "add": {"working_days": 1}}, "/calendar"),
    ],
)  # fmt: skip
async def test_what_lies_out_of_reach_is_named_at_its_place(
    officer: httpx.AsyncClient, body: dict[str, object], pointer: str
) -> None:
    answer = await officer.post("/api/v1/calendars/preview", json={"calendar": None, **body})
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
