"""What a kiosk kept and the service cannot take: on record with why, once, until somebody has seen to it or it comes after all."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from complaints_service.intake.kiosk.refused import Refused
from complaints_service.intake.kiosk.sealing import QueueKey
from complaints_service.keys import Keys
from complaints_service.public.kiosk_request import DEVICE_COOKIE
from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.kiosk_forms import kept_form, kept_item
from tests.office import TheOffice


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def kiosk(app: Any, services: Services) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    """The name of a kiosk of its own, and its browser."""
    name = f"Ruang tunggu {uuid.uuid4().hex[:6]}"
    _, token = await services.kiosk.create_device(await services.offices.current(), name)
    async with client_of(app) as client:
        client.cookies.set(DEVICE_COOKIE, token)
        yield name, client


async def sent(client: httpx.AsyncClient, now: str, *items: dict[str, object]) -> list[int]:
    """The statuses of these items."""
    answer = await client.post("/kios/kiriman", json={"sent_at": now, "items": items})
    return [item["status"] for item in answer.json()["items"]]


async def listed(services: Services, name: str) -> list[Refused]:
    """What is on record of this kiosk and waits for somebody."""
    return [
        one for one in await services.kiosk.refused.open(await services.offices.current()) if one.device_name == name
    ]


async def test_each_item_is_listed_once_with_why_and_nothing_of_its_words(
    services: Services, the_office: TheOffice, kiosk: tuple[str, httpx.AsyncClient]
) -> None:
    name, client = kiosk
    now, ours = (await the_office.now()).isoformat(), QueueKey(services.keys).public
    form = kept_form("Antrean loket sangat lama sejak pagi.", now, "S-7K3M-9Q")
    before = kept_item(QueueKey(Keys(b"another secret key of this service")).public, form)
    broken = kept_item(ours, ["no form"])
    short = kept_item(ours, form | {"answers": {"description": "AC"}})
    good = kept_item(ours, form)
    for _ in range(2):
        assert (await sent(client, now, before, broken, short, good))[:3] == [422] * 3
    found = await listed(services, name)
    assert [(str(one.client_id), one.reason, one.fields) for one in found] == [
        (before["client_id"], "sealed", ""),
        (broken["client_id"], "incomplete", ""),
        (short["client_id"], "incomplete", "description"),
    ]

    # The old key is back (here: the same item sealed to the key of now), and somebody has been at the kiosk about the others.
    assert await sent(client, now, kept_item(ours, form, str(before["client_id"]))) == [201]
    office, person = await the_office.office(), await the_office.person("petugas")
    await services.kiosk.refused.done(office, found[1].id, person.id)
    assert [one.id for one in await listed(services, name)] == [found[2].id]


async def test_staff_read_which_kiosk_and_why_and_mark_it_as_seen_to(
    app: Any, services: Services, the_office: TheOffice, kiosk: tuple[str, httpx.AsyncClient]
) -> None:
    name, client = kiosk
    now = (await the_office.now()).isoformat()
    assert await sent(client, now, kept_item(QueueKey(services.keys).public, "no form")) == [422]
    async with client_of(app) as staff:
        credentials = {"username": "petugas", "password": the_office.passwords["petugas"]}
        session = await staff.post("/api/v1/session", json=credentials)
        page = (await staff.get("/desk/panggilan", headers={"Accept-Language": "id"})).text
        assert name in page
        assert "tetapi ada isian yang kurang atau salah" in page
        (one,) = await listed(services, name)
        token = {"csrf_token": session.json()["csrf_token"]}
        assert (await staff.post(f"/desk/panggilan/kiriman/{one.id}", data=token)).status_code == 303
    assert await listed(services, name) == []
