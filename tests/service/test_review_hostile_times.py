"""Times that no database knows, and years that nobody has decreed: refused by name, never an error of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice

FIRST = "0001-01-01T00:00:00+14:00"  # in UTC before the first year
LAST = "9999-12-31T23:59:59-14:00"  # in UTC after the last one


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def admin(app: Any, the_office: TheOffice) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        credentials = {"username": "admin", "password": the_office.passwords["admin"]}
        answer = await client.post("/api/v1/session", json=credentials)
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        yield client


def pointers(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {error["pointer"] for error in answer.json()["errors"]}


@pytest.mark.parametrize("kind", ["absences", "duties"])
@pytest.mark.parametrize(
    ("starts", "ends"), [(FIRST, FIRST), (FIRST, LAST), (LAST, LAST), ("2026-12-01T00:00:00Z", LAST)]
)
async def test_an_absence_at_the_ends_of_time(
    admin: httpx.AsyncClient, the_office: TheOffice, kind: str, starts: str, ends: str
) -> None:
    person = await the_office.person("petugas")
    body = {"person_id": person.id, "starts_at": starts, "ends_at": ends}
    answer = await admin.post(f"/api/v1/{kind}", json=body)
    assert pointers(answer) == {"/ends_at"}


@pytest.mark.parametrize(("name", "day"), [("from", "0001-01-01"), ("to", "9999-12-30"), ("from", FIRST), ("to", LAST)])
async def test_a_simulation_of_the_ends_of_time(admin: httpx.AsyncClient, name: str, day: str) -> None:
    body = {"policy": None, "calendar": None, "from": "2026-01-01", "to": "2026-12-31", name: day}
    assert pointers(await admin.post("/api/v1/policies/simulate", json=body)) == {f"/{name}"}


async def test_holidays_are_not_confirmed_for_a_year_that_nobody_has_decreed(admin: httpx.AsyncClient) -> None:
    newest = (await admin.get("/api/v1/calendars")).json()["items"][0]
    body = {
        "document": newest["document"],
        "why": "salah ketik",
        "if_version": newest["version"],
        "confirmed_through": "9999-12-31",
    }
    assert pointers(await admin.post("/api/v1/calendars", json=body)) == {"/confirmed_through"}
    assert (await admin.get("/api/v1/calendars")).json()["items"][0]["version"] == newest["version"]


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        (
            "/api/v1/calendars",
            {"document": {"notes": {"2027-01-04": {"name": "a\0"}}}, "why": "abc"},
            "/document/notes/2027-01-04/name",
        ),
        (
            "/api/v1/policies",
            {"policy": {"ladder": [{"key": "a"}, {"note": "a\0b"}]}, "why": "abc"},
            "/policy/ladder/1/note",
        ),
        ("/api/v1/absences", {"why": "\0"}, "/why"),
        ("/api/v1/absences", {"w\0": "x"}, ""),
    ],
)
async def test_a_character_that_cannot_be_stored_is_refused_at_its_place(
    admin: httpx.AsyncClient, path: str, body: dict[str, object], pointer: str
) -> None:
    answer = await admin.post(path, json=body)
    assert pointers(answer) == {pointer}
    assert answer.json()["errors"][0]["code"] == "nul_character"
