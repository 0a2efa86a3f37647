"""``/saya`` and ``/api/v1/people/me/ways``: never by none, whatever is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.app_client import opened_app
from tests.servers import Running
from tests.service.outbox_room import Room, a_room


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("own-ways")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def officer(room: Room) -> AsyncIterator[httpx.AsyncClient]:
    async with opened_app(room.services.settings, room.services) as client:
        password = room.office.passwords["petugas"]
        signed_in = await client.post("/api/v1/session", json={"username": "petugas", "password": password})
        client.headers["X-CSRF-Token"] = signed_in.json()["csrf_token"]
        yield client


WAYS = "/api/v1/people/me/ways"


async def test_the_choice_is_kept_with_its_event(room: Room, officer: httpx.AsyncClient) -> None:
    answer = await officer.put(WAYS, json={"ways": ["whatsapp", "email"], "whatsapp": "0812-3456-7890"})
    kept = answer.json()
    assert (kept["ways"], kept["whatsapp"]) == (["email", "whatsapp"], "+6281234567890")
    assert (await officer.get(WAYS)).json()["ways"] == ["email", "whatsapp"]
    event = await room.admin.fetchrow("SELECT * FROM office_event WHERE what = 'ways' ORDER BY id DESC LIMIT 1")
    assert event is not None
    assert "81234567890" not in event["body"]
    assert event["person_id"] == (await room.office.person("petugas")).id
    assert event["why"] == "Pilihan sendiri"
    told = {"ways": ["email"], "why": "Ponsel dinas hilang"}
    assert (await officer.put(WAYS, json=told)).status_code == 200
    last = await room.admin.fetchval("SELECT why FROM office_event WHERE what = 'ways' ORDER BY id DESC LIMIT 1")
    assert last == "Ponsel dinas hilang"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"ways": []}, "/ways"),
        ({"ways": ["pigeon"]}, "/ways/0"),
        ({"ways": ["whatsapp"]}, "/whatsapp"),
        ({"ways": ["whatsapp"], "whatsapp": "bukan nomor"}, "/whatsapp"),
        ({"ways": ["whatsapp"], "whatsapp": "9" * 41}, "/whatsapp"),
        ({"ways": "email"}, "/ways"),
        ({"ways": ["email"], "role": "admin"}, "/role"),
        ({"ways": ["email"], "why": "x" * 2001}, "/why"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    room: Room, officer: httpx.AsyncClient, body: dict[str, object], pointer: str
) -> None:
    before = await room.admin.fetch("SELECT ways, whatsapp FROM person ORDER BY id")
    answer = await officer.put(WAYS, json=body)
    assert answer.status_code in (400, 422)
    assert pointer in answer.text
    assert await room.admin.fetch("SELECT ways, whatsapp FROM person ORDER BY id") == before


async def test_the_page_keeps_what_was_written(officer: httpx.AsyncClient) -> None:
    token = officer.headers["X-CSRF-Token"]
    none = await officer.post("/saya", data={"csrf_token": token, "whatsapp": "0812"})
    assert none.status_code == 422
    assert 'value="0812"' in none.text
    saved = await officer.post("/saya", data={"csrf_token": token, "way_email": "on", "whatsapp": ""})
    assert (saved.status_code, saved.headers["location"]) == (303, "/saya?saved")
    assert "Tersimpan" in (await officer.get("/saya?saved")).text
