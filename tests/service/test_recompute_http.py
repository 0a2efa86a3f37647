"""Effects before publishing, and the progress of the work after it, over HTTP: administrators only, nothing is written by asking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from complaints_service.management import effects_count
from complaints_service.sla.policy_document import document_of
from tests.app_client import opened_app
from tests.faults.service import eventually
from tests.servers import Running
from tests.service.new_versions import publish_calendar
from tests.service.outbox_room import Room, a_room

CALENDARS, POLICIES = "/api/v1/calendars/effects", "/api/v1/policies/effects"


@pytest.fixture
async def room(running: Running, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path) as opened:
        yield opened


@pytest.fixture
async def client(room: Room) -> AsyncIterator[httpx.AsyncClient]:
    async with opened_app(room.services.settings, room.services) as opened:
        given = {"username": "admin", "password": room.office.passwords["admin"]}
        answer = await opened.post("/api/v1/session", json=given)
        assert answer.status_code == 200
        opened.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        yield opened


async def a_calendar(room: Room, *closed: int) -> dict[str, Any]:
    office = await room.services.offices.reload(1)
    document = msgspec.json.decode(office.latest_calendar().document, type=dict[str, Any])
    today = await room.office.now()
    document["days_off"] = [*document["days_off"], *((today + timedelta(days=n)).date().isoformat() for n in closed)]
    return document


async def a_policy(room: Room) -> dict[str, Any]:
    office = await room.services.offices.reload(1)
    document = msgspec.to_builtins(document_of(office.policies[1]))
    document["effective_from"] = (await room.office.now() + timedelta(hours=1)).isoformat()
    return document


async def count_rows(room: Room) -> tuple[int, ...]:
    row = await room.admin.fetchrow(
        "SELECT (SELECT count(*) FROM calendar), (SELECT count(*) FROM policy), (SELECT count(*) FROM ticket_event),"
        " (SELECT count(*) FROM recompute), (SELECT sum(seq) FROM ticket)"
    )
    assert row is not None
    return tuple(row)


async def test_what_a_calendar_and_a_policy_would_do_is_told_and_nothing_is_written(
    room: Room, client: httpx.AsyncClient
) -> None:
    filed = [await room.office.file(reporter_email=None) for _ in range(3)]
    before = await count_rows(room)
    told = await client.post(CALENDARS, json={"document": await a_calendar(room, *range(1, 8))})
    assert told.status_code == 200, told.text
    assert (told.json()["looked_at"], told.json()["tickets"], told.json()["breached"]) == (3, 3, 0)
    assert told.json()["earlier"] == 0
    assert {mover["number"] for mover in told.json()["movers"]} == {one.number for one in filed}
    policy = await a_policy(room)
    for target in policy["targets"]:
        if target["target"] == "answer":
            target |= {"amount": 2, "measure": "working_days"}
    told = await client.post(POLICIES, json={"policy": policy})
    assert told.status_code == 200, told.text
    assert (told.json()["earlier"], told.json()["later"]) == (3, 0)
    assert [t["target"] for t in told.json()["by_target"]] == ["answer"]
    assert await count_rows(room) == before


async def run_of(client: httpx.AsyncClient, started: httpx.Response) -> dict[str, Any]:
    """Look after a count in the background until it has ended."""
    assert started.status_code == 202, started.text
    place, told = started.headers["location"], started.json()
    assert place == f"/api/v1/effects/{told['id']}"

    async def ended() -> bool:
        nonlocal told
        told = (await client.get(place)).json()
        return told["state"] != "running"

    assert await eventually(ended), told
    return told


async def test_over_many_tickets_the_api_answers_at_once_and_tells_how_far_it_is_and_then_the_counts(
    room: Room, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await room.office.file(reporter_email=None)
    calendar, policy = {"document": await a_calendar(room, *range(1, 8))}, {"policy": await a_policy(room)}
    at_once = [(await client.post(CALENDARS, json=calendar)).json(), (await client.post(POLICIES, json=policy)).json()]
    asked = await client.post(CALENDARS, json=calendar, headers={"Prefer": "respond-async"})
    assert asked.headers["preference-applied"] == "respond-async"
    told = await run_of(client, asked)
    assert (told["state"], told["done"], told["total"], told["result"]) == ("done", 3, 3, at_once[0])
    monkeypatch.setattr(effects_count, "COUNTED_AT_ONCE", 2)
    for path, body, counted in ((CALENDARS, calendar, at_once[0]), (POLICIES, policy, at_once[1])):
        started = await client.post(path, json=body)
        assert "preference-applied" not in started.headers
        assert (await run_of(client, started))["result"] == counted
    # Nobody else's, none that was never begun, and no simulation.
    assert (await client.delete(asked.headers["location"])).status_code == 204
    assert (await client.get(asked.headers["location"])).json()["state"] == "done", "what has ended stays"
    assert (await client.get("/api/v1/effects/unknown")).status_code == 404
    assert (await client.get(asked.headers["location"].replace("effects", "simulations"))).status_code == 404


async def test_what_cannot_be_counted_is_refused_before_it_goes_into_the_background(client: httpx.AsyncClient) -> None:
    answer = await client.post(CALENDARS, json={"document": {}}, headers={"Prefer": "respond-async"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("path", "around"),
    [
        (CALENDARS, '{"document": %s}'),
        (POLICIES, '{"policy": %s}'),
        ("/api/v1/calendars", '{"why": "dalam", "if_version": 1, "document": %s}'),
        ("/api/v1/calendars/preview", '{"start": "2026-11-24T02:00:00Z", "add": {"working_days": 1}, "calendar": %s}'),
        ("/api/v1/policies/simulate", '{"from": "2026-11-01", "to": "2026-11-02", "policy": %s}'),
    ],
)
async def test_a_document_nested_without_end_is_refused(client: httpx.AsyncClient, path: str, around: str) -> None:
    answer = await client.post(path, content=around % ("[" * 50_000 + "]" * 50_000))
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "not_json"


@pytest.mark.parametrize(
    ("path", "body", "status", "pointer"),
    [
        (CALENDARS, {}, 422, "/document"),
        (CALENDARS, {"document": None}, 422, "/document"),
        (CALENDARS, {"document": {"time_zone": "Mars/Olympus", "weekly": {}}}, 422, "/document/time_zone"),
        (CALENDARS, {"document": {"time_zone": "Asia/Jakarta", "weekly": {}}}, 422, "/document"),
        (CALENDARS, {"document": {"time_zone": "Asia/Jakarta", "weekly": {"mon": [["12:00", "08:00"]]}}}, 422, "/document/weekly/mon/0"),
        (CALENDARS, {"document": {}, "publish": True}, 422, "/publish"),
        (POLICIES, {}, 422, "/policy"),
        (POLICIES, {"policy": {}}, 422, "/policy"),
        (POLICIES, {"policy": []}, 422, "/policy"),
        (POLICIES, {"policy": "x" * 10_000}, 422, "/policy"),
    ],
)  # fmt: skip
async def test_what_is_no_calendar_or_policy_is_refused_by_place(
    client: httpx.AsyncClient, path: str, body: dict[str, object], status: int, pointer: str
) -> None:
    answer = await client.post(path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert any(found.startswith(pointer) for found in pointers), pointers


async def test_a_target_of_nothing_and_one_of_ten_thousand_days_are_named(
    room: Room, client: httpx.AsyncClient
) -> None:
    for amount in (0, -5, 10**9):
        policy = await a_policy(room)
        policy["targets"][0]["amount"] = amount
        answer = await client.post(POLICIES, json={"policy": policy})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/policy/targets/0/amount"]


async def test_asking_needs_the_forms_token_and_the_right_role(room: Room, client: httpx.AsyncClient) -> None:
    body = {"document": await a_calendar(room, 1)}
    assert (await client.post(CALENDARS, json=body, headers={"X-CSRF-Token": "no"})).status_code == 403
    client.cookies.clear()
    assert (await client.post(CALENDARS, json=body)).status_code == 401
    assert (await client.get("/api/v1/recomputes")).status_code == 401


async def test_progress_is_readable_and_the_page_renews_itself_only_while_there_is_some(
    room: Room, client: httpx.AsyncClient
) -> None:
    assert (await client.get("/api/v1/recomputes")).json() == {"items": [], "next_cursor": None}
    page = (await client.get("/admin/hitung-ulang")).text
    assert "Belum ada yang dihitung ulang." in page
    assert "http-equiv" not in page
    for _ in range(4):
        await room.office.file(reporter_email=None)
    office = await room.services.offices.reload(1)
    closed = [(await room.office.now() + timedelta(days=n)).date() for n in range(1, 8)]
    version = await publish_calendar(room.admin, office, closed)
    [item] = (await client.get("/api/v1/recomputes")).json()["items"]
    assert (item["state"], item["looked_at"], item["total"], item["ended_at"]) == ("running", 0, 4, None)
    page = (await client.get("/admin/hitung-ulang")).text
    assert f"Kalender, versi {version}" in page
    assert 'http-equiv="refresh"' in page
    assert 'hx-trigger="every 2s"' in page
    await room.services.recomputes.work_due()
    [item] = (await client.get("/api/v1/recomputes")).json()["items"]
    assert (item["state"], item["looked_at"], item["moved"], item["moved_later"]) == ("done", 4, 12, 12)
    page = (await client.get("/admin/hitung-ulang", headers={"Accept-Language": "en"})).text
    assert "http-equiv" not in page
    assert "hx-trigger" not in page
