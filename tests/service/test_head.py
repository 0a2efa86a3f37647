"""HEAD is answered everywhere as GET is, with nothing behind the headers (RFC 9110, 9.3.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from complaints_service.public.opened_tickets import TICKET_COOKIE, OpenedTickets
from complaints_service.settings import Settings
from complaints_service.web.streams import STREAM_ROOM
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice
from tests.service.test_routes_matrix import MATRIX, TOOLS, address

# Different in each answer, or in what the reader's address has done so far.
OWN = {b"x-request-id", b"set-cookie", b"content-length", b"etag"}
Answer = tuple[int, dict[bytes, bytes], list[dict[str, Any]]]


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    unlimited = msgspec.structs.replace(settings, rate_lookup_per_minute=None)
    async with started_app(unlimited, msgspec.structs.replace(services, settings=unlimited)) as started:
        yield started


async def asked(app: Any, method: str, path: str, cookie: str = "") -> Answer:
    """Status, headers, and what came after them. A client of a library would hide a body."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"accept", b"text/html"), (b"cookie", cookie.encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers, "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    await app(scope, receive, send)
    assert scope["method"] == method
    return sent[0]["status"], {k: v for k, v in sent[0]["headers"] if k not in OWN}, sent[1:]


async def test_every_address_that_can_be_read_answers_head_with_the_same_headers_and_no_body(app: Any) -> None:
    for route in sorted({*MATRIX, *TOOLS}):
        method, _, path = route.partition(" ")
        if method == "GET":
            place = address(path, "LT-2026-000001")
            status, headers, _ = await asked(app, "GET", place)
            assert await asked(app, "HEAD", place) == (
                status,
                headers,
                [{"type": "http.response.body", "body": b"", "more_body": False}],
            ), route


async def test_a_stream_tells_its_headers_and_ends(app: Any, services: Services, the_office: TheOffice) -> None:
    filed = await the_office.file()
    opened = OpenedTickets(services.database, services.keys)
    cookie = await opened.open(None, filed.office_id, filed.ticket_id, filed.number)
    async with asyncio.timeout(20):
        stream = f"/api/v1/complaints/{filed.number}/stream"
        status, headers, body = await asked(app, "HEAD", stream, f"{TICKET_COOKIE}={cookie}")
    assert (status, headers[b"content-type"][:17], len(body)) == (200, b"text/event-stream", 1)
    assert STREAM_ROOM._held == 0  # pyright: ignore[reportPrivateUsage] - the place is free again


async def test_what_an_address_takes_is_said_with_head(app: Any) -> None:
    async with client_of(app) as client:
        for answer in (await client.options("/lacak"), await client.put("/lacak")):
            assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
        assert (await client.head("/bahasa")).status_code == 405
        assert (await client.head("/metrics")).status_code == 200
        counted = (await client.get("/metrics")).text
    assert 'complaints_http_requests_total{method="HEAD",route="/metrics",status="200"}' in counted
