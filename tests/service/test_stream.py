"""News of a case: told when the citizen would see something new, and only then; never past the right to the case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from complaints_service.database import Database
from complaints_service.public.case_news import POLLS, RETRY_MILLISECONDS, CaseNews
from complaints_service.public.opened_tickets import Opened, OpenedTickets
from complaints_service.settings import Settings
from complaints_service.tickets import commands as c
from complaints_service.tickets.filed import Filed
from complaints_service.web.streams import STREAM_ROOM, StreamRoom
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice

UNDO_OVER = timedelta(seconds=11)
Deed = Callable[[], Awaitable[object]]


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as opened:
        yield opened


def news_of(services: Services, room: StreamRoom | None = None) -> CaseNews:
    return CaseNews(services.database, services.offices, services.reader, room or StreamRoom())


async def opened(services: Services, filed: Filed) -> tuple[OpenedTickets, str, Opened]:
    """The case in a browser: the store, its cookie and its right."""
    tickets = OpenedTickets(services.database, services.keys)
    cookie = await tickets.open(None, filed.office_id, filed.ticket_id, filed.number)
    right = await tickets.find(cookie, filed.number)
    assert right is not None
    return tickets, cookie, right


async def told(services: Services, right: Opened, deeds: list[Deed], mark: str | None = None) -> list[dict[str, str]]:
    """What a page hears while these things happen, one after each look; then its right ends."""
    left = [*deeds, lambda: OpenedTickets(services.database, services.keys).forget_expired()]

    async def pause(_seconds: float) -> None:
        if left:
            await left.pop(0)()
            return
        async with services.database.connection() as connection:
            await connection.execute("DELETE FROM ticket_cookie WHERE token_hash = $1", right.token_hash)

    return [fields(m.encode()) async for m in news_of(services).stream(right, mark, pause)]


def fields(message: bytes) -> dict[str, str]:
    """The fields of an event as a browser reads them."""
    lines = [line.partition(":") for line in message.decode().splitlines() if line]
    return {name: value.removeprefix(" ") for name, _, value in lines}


async def test_it_begins_with_the_pause_before_coming_back_and_is_silent_without_news(
    the_office: TheOffice, services: Services
) -> None:
    _, _, right = await opened(services, await the_office.file())
    assert await told(services, right, []) == [{"retry": str(RETRY_MILLISECONDS)}]


async def test_a_change_is_told_once_with_number_and_status(the_office: TheOffice, services: Services) -> None:
    filed = await the_office.file()
    _, _, right = await opened(services, filed)

    async def verify() -> None:
        await the_office.act(filed.number, c.Verify(), "petugas")
        await the_office.move_clock(UNDO_OVER)

    _, *events = await told(services, right, [verify, the_office.now])
    assert [(e["event"], msgspec.json.decode(e["data"])["status"]) for e in events] == [("changed", "verified")]
    file = await the_office.file_of(filed.number)
    assert msgspec.json.decode(events[0]["data"])["seq"] == max(e.seq for e in file.events if e.type == "verified")


async def test_a_deed_that_can_still_be_undone_is_not_told(the_office: TheOffice, services: Services) -> None:
    filed = await the_office.file()
    for command in (c.Verify(), c.Start()):
        await the_office.act(filed.number, command, "petugas")
    await the_office.move_clock(UNDO_OVER)
    _, _, right = await opened(services, filed)

    async def answer_and_take_back() -> None:
        done = await the_office.act(filed.number, c.Answer(text="Sudah jadi."), "petugas")
        await the_office.act(filed.number, c.Undo(event=done.events[0].seq), "petugas")

    async def answer() -> None:
        await the_office.act(filed.number, c.Answer(text="Sudah dapat diambil."), "petugas")

    async def time_goes_on() -> None:
        await the_office.move_clock(UNDO_OVER)

    _, *events = await told(services, right, [answer_and_take_back, time_goes_on, answer])
    assert events == []
    _, _, right = await opened(services, filed)
    _, *events = await told(services, right, [time_goes_on])
    assert [msgspec.json.decode(e["data"])["status"] for e in events] == ["answered"]


async def test_what_the_office_keeps_to_itself_is_not_told(the_office: TheOffice, services: Services) -> None:
    filed = await the_office.file()
    _, _, right = await opened(services, filed)

    async def note() -> None:
        await the_office.act(filed.number, c.Note(text="Berkas ada di lemari dua."), "petugas")
        await the_office.move_clock(UNDO_OVER)

    _, *events = await told(services, right, [note, the_office.now])
    assert events == []


async def test_who_comes_back_is_told_what_happened_in_between_and_only_that(
    the_office: TheOffice, services: Services
) -> None:
    filed = await the_office.file()
    _, _, right = await opened(services, filed)

    async def verify() -> None:
        await the_office.act(filed.number, c.Verify(), "petugas")
        await the_office.move_clock(UNDO_OVER)

    _, first = await told(services, right, [verify])
    _, _, right = await opened(services, filed)
    assert (await told(services, right, [], first["id"]))[1:] == []
    await the_office.act(filed.number, c.Start(), "petugas")
    await the_office.move_clock(UNDO_OVER)
    _, _, right = await opened(services, filed)
    _, second = await told(services, right, [], first["id"])
    assert msgspec.json.decode(second["data"])["status"] == "in_progress"


async def test_it_ends_when_the_device_forgets_the_case(the_office: TheOffice, services: Services) -> None:
    filed = await the_office.file()
    tickets, cookie, right = await opened(services, filed)
    looks = 0

    async def pause(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        await tickets.forget(cookie)

    assert len([m async for m in news_of(services).stream(right, None, pause)]) == 1
    assert looks == 1


async def test_it_ends_when_the_right_runs_out(the_office: TheOffice, services: Services) -> None:
    _, _, right = await opened(services, await the_office.file())
    looks = 0

    async def pause(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        async with services.database.connection() as connection:
            await connection.execute(
                "UPDATE ticket_cookie SET expires_at = clock_timestamp() WHERE token_hash = $1", right.token_hash
            )

    assert len([m async for m in news_of(services).stream(right, None, pause)]) == 1
    assert looks == 1


async def test_it_ends_after_five_minutes_and_says_every_fifteen_seconds_that_it_lives(
    the_office: TheOffice, services: Services
) -> None:
    _, _, right = await opened(services, await the_office.file())
    passed = [0.0]

    async def pause(seconds: float) -> None:
        passed[-1] += seconds

    lines: list[bytes] = []
    async for message in news_of(services).stream(right, None, pause):
        lines.append(message.encode())
        passed.append(0.0)
    assert sum(passed) == 300
    assert POLLS == 150
    assert max(passed) <= 15
    assert set(lines[1:]) == {b": \r\n\r\n"}


async def test_a_database_that_is_away_for_a_moment_ends_no_stream(
    the_office: TheOffice, services: Services, settings: Settings
) -> None:
    filed = await the_office.file()
    _, _, right = await opened(services, filed)
    away = await Database.open(settings.database_url or "", settings)
    await away.close()
    database = Database(services.database.pool)
    steps = 0

    async def pause(_seconds: float) -> None:
        nonlocal steps
        steps += 1
        if steps == 1:
            database.pool = away.pool
            await the_office.act(filed.number, c.Verify(), "petugas")
            await the_office.move_clock(UNDO_OVER)
        if steps == 3:
            database.pool = services.database.pool
        if steps == 4:
            async with database.connection() as connection:
                await connection.execute("DELETE FROM ticket_cookie WHERE token_hash = $1", right.token_hash)

    news = CaseNews(database, services.offices, services.reader, StreamRoom())
    _, *events = [fields(m.encode()) async for m in news.stream(right, None, pause)]
    assert [e["event"] for e in events] == ["changed"]
    assert steps == 4


async def test_no_page_gets_a_stream_above_the_number_that_one_process_holds(
    the_office: TheOffice, services: Services
) -> None:
    _, _, right = await opened(services, await the_office.file())
    room = StreamRoom(1)
    with room.place():
        assert room.full
        assert len([m async for m in news_of(services, room).stream(right, None)]) == 1
    assert not room.full


async def test_a_stream_that_is_left_gives_its_place_back(the_office: TheOffice, services: Services) -> None:
    _, _, right = await opened(services, await the_office.file())
    room = StreamRoom(1)
    stream = news_of(services, room).stream(right, "0.0")
    await anext(stream)
    assert fields((await anext(stream)).encode())["event"] == "changed"
    assert room.full
    await stream.aclose()
    assert not room.full


async def test_a_process_that_stops_ends_its_streams_and_begins_none(the_office: TheOffice, services: Services) -> None:
    _, _, right = await opened(services, await the_office.file())
    room = StreamRoom()
    looks = 0

    async def pause(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        room.close()

    assert len([m async for m in news_of(services, room).stream(right, None, pause)]) == 1
    assert looks == 1
    assert room.full


async def test_only_the_cookie_opens_it(client: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    other = await the_office.file()
    stranger = await client.get(f"/api/v1/complaints/{filed.number}/stream")
    await client.post("/lacak", data={"number": other.number, "code": other.tracking_code})
    wrong = await client.get(f"/api/v1/complaints/{filed.number}/stream")
    unknown = await client.get("/api/v1/complaints/LT-2026-999999/stream")
    code = await client.get(
        f"/api/v1/complaints/{filed.number}/stream", headers={"Authorization": f"Bearer {filed.tracking_code}"}
    )
    assert {a.status_code for a in (stranger, wrong, unknown, code)} == {404}


async def test_a_full_process_says_when_to_come_back(client: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    await client.post("/lacak", data={"number": filed.number, "code": filed.tracking_code})
    places = [STREAM_ROOM.place() for _ in range(200)]
    for place in places:
        place.__enter__()
    try:
        answer = await client.get(f"/api/v1/complaints/{filed.number}/stream")
    finally:
        for place in places:
            place.__exit__(None, None, None)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert answer.headers["content-type"] == "application/problem+json"
