"""Readiness, figures, request ids and the API reference as they are answered over HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from complaints_service.database import Database
from complaints_service.settings import Settings
from complaints_service.web.metrics import GAUGES
from complaints_service.wiring import Services
from tests.app_client import client_of, opened_app, started_app


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    """The application on this worker's database."""
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks."""
    async with client_of(app) as opened:
        yield opened


async def test_without_a_worker_it_is_degraded_but_serves(services: Services, client: httpx.AsyncClient) -> None:
    async with services.database.connection() as connection:
        await connection.execute("DELETE FROM heartbeat WHERE kind = 'worker'")
    answer = await client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert "worker_stalled" in answer.json()["reasons"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_database_that_is_away_makes_it_unavailable_and_the_process_stays_alive(
    settings: Settings, services: Services
) -> None:
    away = await Database.open(settings.database_url or "", settings)
    await away.close()
    async with opened_app(settings, msgspec.structs.replace(services, database=away)) as client:
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"], ready.json()["reasons"]) == (
            503,
            "unavailable",
            ["database"],
        )
        assert int(ready.headers["retry-after"]) > 0
        assert (await client.get("/health/live")).json() == {"status": "ok"}
        assert "complaints_database_up 0.0" in (await client.get("/metrics")).text


async def test_metrics_count_by_route_and_never_show_a_path(client: httpx.AsyncClient) -> None:
    await client.get("/t/LT-2026-000417")
    await client.get("/api/v1/complaints/LT-2026-000417", headers={"Authorization": "Bearer 7K3M-9QXD-2T"})
    await client.get("/tak-ada/0812-3456-7890")
    text = (await client.get("/metrics")).text
    assert "LT-2026" not in text
    assert "0812-3456" not in text
    assert re.search(
        r'complaints_http_requests_total\{method="GET",route="/api/v1/complaints/\{number[^"]*",status="404"\} 1', text
    )
    assert re.search(r'complaints_http_requests_total\{method="GET",route="unmatched",status="404"\} 1', text)
    assert "complaints_http_request_seconds_bucket" in text
    assert "complaints_database_up 1.0" in text
    for name, _ in GAUGES.values():
        assert re.search(rf"^{name} -?\d", text, re.MULTILINE), name


async def test_every_answer_carries_an_id_of_our_own(client: httpx.AsyncClient) -> None:
    first = await client.get("/health/live", headers={"X-Request-Id": "siti@example.org"})
    second = await client.get("/tak-ada", headers={"Accept": "application/json"})
    assert re.fullmatch(r"[0-9a-f]{16}", first.headers["x-request-id"])
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert second.json()["trace_id"] == second.headers["x-request-id"]


async def test_the_api_reference_loads_only_files_of_our_own(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs")
    assert answer.status_code == 200
    assert not re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", answer.text)
    loaded = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="([^"]+)"', answer.text)
    assert loaded
    assert all(re.match("/[^/]", address) for address in loaded)
    schema = (await client.get("/schema/openapi.json")).json()
    assert schema["openapi"].startswith("3.1")
    assert "/api/v1/session" in schema["paths"]
