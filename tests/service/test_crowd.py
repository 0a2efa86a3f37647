"""Very many forms at once: beyond a few that wait nobody more is let in, nothing of theirs is read, and everybody else goes on."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import msgspec
import pytest

from complaints_service.settings import Settings
from complaints_service.web.crowd import MOST_WAITING, RETRY_SECONDS, TURNS, Crowd
from complaints_service.web.rate_limits import PAGES_A_FORM
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app

FORM = {"kind": "complaint", "privacy": "anonymous", "description": "Antrean panjang sejak pagi.", "step": "check"}


@pytest.fixture
async def app(settings: Settings, services: Services) -> AsyncIterator[object]:
    """As in production, where forms are limited at all."""
    limited = msgspec.structs.replace(settings, rate_flood_per_minute=1_000_000)
    async with started_app(limited, msgspec.structs.replace(services, settings=limited)) as started:
        yield started


@pytest.fixture
async def client(app: object) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as opened:
        opened.headers["Accept-Language"] = "id"
        yield opened


@asynccontextmanager
async def crowded(app: object) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
    """All turns are taken, and as many forms wait as may."""
    crowd = crowd_in(app)
    async with AsyncExitStack() as turns, client_of(app) as others, asyncio.TaskGroup() as group:
        for _ in range(TURNS):
            await turns.enter_async_context(crowd.turn())
        waiting = [group.create_task(others.post("/", data=FORM)) for _ in range(MOST_WAITING)]
        while not crowd.full:  # noqa: ASYNC110 - nothing tells when they have been read
            await asyncio.sleep(0)
        yield waiting
        await turns.aclose()


def crowd_in(app: object) -> Crowd:
    """Of the application behind its wrappers."""
    while not hasattr(app, "state"):
        app = app._app  # pyright: ignore - each wrapper keeps what it wraps there
    return app.state.crowd


async def test_who_comes_beyond_is_told_when_to_come_back_and_the_others_are_answered(
    app: object, client: httpx.AsyncClient
) -> None:
    async with crowded(app) as waiting:
        refused = await client.post("/", data=FORM)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, str(RETRY_SECONDS))
        assert "Tulisan Anda tidak hilang" in refused.text
        assert refused.headers["cache-control"] == "no-store"
        assert "content-security-policy" in refused.headers
        question = await client.post("/lapor/cerita", data={**FORM, "page": "jenis"})
        assert question.status_code == 429
    assert {task.result().status_code for task in waiting} == {200}
    assert (await client.post("/", data=FORM)).status_code == 200


async def test_meanwhile_everything_else_is_answered(app: object, client: httpx.AsyncClient) -> None:
    async with crowded(app):
        for path in ("/", "/lacak", "/masuk", "/health/ready", "/desk"):
            assert (await client.get(path)).status_code in (200, 303)
        reply = await client.post("/masuk", data={"username": "nobody", "password": "x"})
        assert reply.status_code == 401


async def test_nothing_is_read_of_what_is_not_let_in(app: object) -> None:
    async def never() -> dict[str, object]:
        raise AssertionError("the body was asked for")

    told: list[dict[str, object]] = []

    async def keep(message: dict[str, object]) -> None:
        told.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/",
        "raw_path": b"/", "query_string": b"", "root_path": "", "client": ("10.0.0.1", 1), "server": ("127.0.0.1", 8000),
        "headers": [(b"host", b"127.0.0.1"), (b"content-length", b"10000000"), (b"content-type", b"multipart/form-data; boundary=x")],
    }  # fmt: skip
    async with crowded(app):
        await app(scope, never, keep)
    assert told[0]["status"] == 429


async def test_each_reader_gets_their_own_language_colours_and_id(app: object, client: httpx.AsyncClient) -> None:
    async with crowded(app):
        first, again = [await client.post("/", data=FORM) for _ in range(2)]
        english = await client.post("/", data=FORM, headers={"Cookie": "bahasa=en; theme=dark"})
        program = await client.post("/", data=FORM, headers={"Accept": "application/json", "Accept-Language": "en"})
    for answer in (first, again, english):
        assert answer.headers["x-request-id"] in answer.text, "the id that the person can name"
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert 'data-theme="dark"' in english.text
    assert "What you wrote is not lost" in english.text
    problem = program.json()
    assert program.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["code"]) == (429, "too_many_requests")
    assert problem["trace_id"] == program.headers["x-request-id"]
    assert problem["instance"] == "/"


async def test_a_form_that_was_not_let_in_is_filed_when_it_is_sent_again(
    app: object, client: httpx.AsyncClient
) -> None:
    form = {**FORM, "step": "send", "form_id": str(uuid.uuid4())}
    async with crowded(app):
        assert (await client.post("/", data=form)).status_code == 429
    sent, twice = await client.post("/", data=form), await client.post("/", data=form)
    assert (sent.status_code, twice.status_code) == (303, 303)
    assert sent.headers["location"] == twice.headers["location"]


async def test_one_address_that_sends_more_than_people_can_is_not_let_in_and_everybody_else_is(
    settings: Settings, services: Services
) -> None:
    limited = msgspec.structs.replace(settings, rate_filing_per_minute=1)
    given = msgspec.structs.replace(services, settings=limited)
    async with (
        started_app(limited, given) as app,
        client_of(app, "10.0.0.1") as storm,
        client_of(app, "10.0.0.2") as other,
    ):
        answers = [(await storm.post("/", data=FORM)).status_code for _ in range(PAGES_A_FORM + 5)]
        assert answers == [200] * PAGES_A_FORM + [429] * 5
        assert (await storm.get("/lacak")).status_code == 200
        assert (await other.post("/", data=FORM)).status_code == 200
