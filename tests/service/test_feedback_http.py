"""``/api/v1/feedback/cycles`` over HTTP: who may, what comes back, and how wrong requests are refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice

CYCLES = "/api/v1/feedback/cycles"


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as opened:
        yield opened


async def sign_in(client: httpx.AsyncClient, the_office: TheOffice, username: str) -> dict[str, str]:
    answer = await client.post(
        "/api/v1/session", json={"username": username, "password": the_office.passwords[username]}
    )
    assert answer.status_code == 200
    return {"X-CSRF-Token": answer.json()["csrf_token"]}


async def test_the_head_closes_a_cycle_and_finds_it_again(client: httpx.AsyncClient, the_office: TheOffice) -> None:
    headers = await sign_in(client, the_office, "kepala")
    made = await client.post(CYCLES, headers=headers)
    assert made.status_code == 201
    one = await client.get(made.headers["location"])
    assert one.json() == made.json()
    listed = await client.get(CYCLES, params={"limit": 1})
    assert listed.json()["items"][0]["id"] == made.json()["id"]
    assert listed.headers["cache-control"] == "no-store"


async def test_closing_needs_the_token_of_the_session(client: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(client, the_office, "kepala")
    refused = await client.post(CYCLES)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")


@pytest.mark.parametrize(
    ("username", "read", "close"),
    [("petugas", 403, 403), ("atasan", 200, 403), ("kanwil", 200, 201), ("admin", 200, 201)],
)
async def test_each_role_may_do_its_part(
    client: httpx.AsyncClient, the_office: TheOffice, username: str, read: int, close: int
) -> None:
    headers = await sign_in(client, the_office, username)
    assert (await client.get(CYCLES)).status_code == read
    assert (await client.post(CYCLES, headers=headers)).status_code == close


async def test_nobody_reads_without_signing_in(client: httpx.AsyncClient) -> None:
    for path in (CYCLES, f"{CYCLES}/1"):
        assert (await client.get(path)).status_code == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{CYCLES}/999999999", 404),
        (f"{CYCLES}/99999999999999999999999999", 404),
        (f"{CYCLES}/abc", 404),
        (f"{CYCLES}?limit=0", 422),
        (f"{CYCLES}?limit=201", 422),
        (f"{CYCLES}?limit=many", 422),
        (f"{CYCLES}?cursor=abc", 422),
        (f"{CYCLES}?cursor=-1", 422),
    ],
)
async def test_wrong_requests_are_refused_as_problems(
    client: httpx.AsyncClient, the_office: TheOffice, path: str, status: int
) -> None:
    await sign_in(client, the_office, "kepala")
    answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
