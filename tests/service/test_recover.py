"""Number or code lost: who knows a contact learns nothing, and only the contact on file gets the links."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from complaints_service.database import UNAVAILABLE, Database
from complaints_service.intake.web.recover import Recovery
from complaints_service.settings import Settings
from complaints_service.tickets import commands as c
from complaints_service.wiring import Services
from tests.app_client import client_of, opened_app, started_app
from tests.office import TheOffice
from tests.servers import Running
from tests.service.outbox_room import Room, a_room

RECOVER = "/api/v1/complaints/recover"


@pytest.fixture
async def room(running: Running, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as opened:
        yield opened


def a_phone() -> str:
    """A number that nobody else has."""
    return f"+62812{secrets.randbelow(10**8):08d}"


async def recovered(the_office: TheOffice, number: str) -> list[dict[str, object]]:
    return [row for row in await the_office.outbox(number) if row["kind"] == "recovery"]


def recovery_of(room: Room) -> Recovery:
    s = room.services
    return Recovery(s.database, s.offices, s.keys, s.settings, s.waker)


async def test_the_link_goes_to_the_address_on_file_and_opens_that_case(room: Room) -> None:
    filed = await room.office.file(reporter_phone="+6281234567890", reporter_email="siti@example.org")
    await room.deliver()
    assert await recovery_of(room).send("0812-3456-7890", "2026-11-24T03") == 1
    assert await room.deliver() == 1
    mail = room.postbox.to("siti@example.org")[-1]
    assert filed.number in mail.subject
    assert filed.tracking_code not in mail.text
    token = mail.text.split("/m/")[1].split()[0]
    assert await room.services.links.open_ticket(token) == (filed.office_id, filed.ticket_id)
    row = (await room.rows(kind="recovery"))[0]
    for secret in (token, "siti@", "81234567890"):
        assert secret not in str(dict(row))


async def test_a_case_that_ends_before_the_message_leaves_gets_none(room: Room) -> None:
    filed = await room.office.file(reporter_email="siti@example.org")
    await room.deliver()
    assert await recovery_of(room).send("siti@example.org", "2026-11-24T03") == 1
    await room.office.reporter_acts(filed, c.Withdraw())
    await room.deliver()
    assert [row["state"] for row in await room.rows(kind="recovery")] == ["cancelled"]


async def test_a_conversation_gets_the_link_where_no_address_is_on_file(room: Room) -> None:
    chat_id = await room.admin.fetchval(
        "INSERT INTO whatsapp_chat (office_id, provider, address_key, address, last_inbound_at)"
        " VALUES (1, 'cloud', 'x', '6281299998888', office_now()) RETURNING id"
    )
    phone = a_phone()
    await room.office.file(reporter_email=None, reporter_phone=phone, chat_id=chat_id)
    assert await recovery_of(room).send(phone, "2026-11-24T03") == 1
    row = (await room.rows(kind="recovery"))[0]
    assert (row["way"], row["recipient"], row["chat_id"]) == ("whatsapp", "chat", chat_id)


async def test_a_known_and_an_unknown_contact_get_the_same_answer(
    client: httpx.AsyncClient, the_office: TheOffice
) -> None:
    phone = a_phone()
    filed = await the_office.file(reporter_phone=phone, reporter_email="ani@example.org")
    known = await client.post(RECOVER, json={"contact": phone})
    unknown = await client.post(RECOVER, json={"contact": a_phone()})
    nonsense = await client.post(RECOVER, json={"contact": "bukan kontak"})
    assert known.status_code == unknown.status_code == nonsense.status_code == 202
    assert known.content == unknown.content == nonsense.content
    private = ("x-request-id", "date")
    assert {k: v for k, v in known.headers.items() if k not in private} == {
        k: v for k, v in unknown.headers.items() if k not in private
    }
    assert len(await recovered(the_office, filed.number)) == 1


@pytest.mark.parametrize("shape", ["{0}", "0{1}", "0{1}  ", "+62 {1}", "62{1}", "(0{1})"])
async def test_a_telephone_number_is_found_however_it_is_typed(
    client: httpx.AsyncClient, the_office: TheOffice, shape: str
) -> None:
    phone = a_phone()
    filed = await the_office.file(reporter_phone=phone)
    await client.post(RECOVER, json={"contact": shape.format(phone, phone.removeprefix("+62"))})
    assert len(await recovered(the_office, filed.number)) == 1


async def test_an_e_mail_address_is_found_in_capitals_too(client: httpx.AsyncClient, the_office: TheOffice) -> None:
    name = secrets.token_hex(6)
    filed = await the_office.file(reporter_email=f"{name}@example.org")
    await client.post(RECOVER, json={"contact": f" {name.upper()}@Example.org "})
    assert len(await recovered(the_office, filed.number)) == 1


async def test_at_most_the_five_newest_open_cases_are_sent(client: httpx.AsyncClient, the_office: TheOffice) -> None:
    phone = a_phone()
    filed = [await the_office.file(reporter_phone=phone) for _ in range(7)]
    await the_office.reporter_acts(filed[6], c.Withdraw())
    await client.post(RECOVER, json={"contact": phone})
    found = [len(await recovered(the_office, one.number)) for one in filed]
    assert found == [0, 1, 1, 1, 1, 1, 0]


async def test_asking_again_within_the_hour_sends_nothing_more_and_in_the_next_hour_it_does(
    client: httpx.AsyncClient, the_office: TheOffice
) -> None:
    phone = a_phone()
    email = f"{secrets.token_hex(6)}@example.org"
    filed = await the_office.file(reporter_phone=phone, reporter_email=email)
    now = await the_office.now()
    await the_office.move_clock_to(now.replace(minute=5, second=0, microsecond=0) + timedelta(hours=1))
    for contact in (phone, phone, email):
        await client.post(RECOVER, json={"contact": contact})
    assert len(await recovered(the_office, filed.number)) == 1
    await the_office.move_clock(timedelta(hours=1))
    await client.post(RECOVER, json={"contact": phone})
    assert len(await recovered(the_office, filed.number)) == 2


async def test_who_left_no_way_back_is_sent_nothing(client: httpx.AsyncClient, the_office: TheOffice) -> None:
    phone = a_phone()
    filed = await the_office.file(reporter_phone=phone, reporter_email=None)
    assert (await client.post(RECOVER, json={"contact": phone})).status_code == 202
    assert await recovered(the_office, filed.number) == []


async def test_nobody_is_told_that_it_will_be_done_while_the_database_is_away(
    services: Services, settings: Settings
) -> None:
    away = await Database.open(settings.database_url or "", settings)
    await away.close()
    s = services
    with pytest.raises(UNAVAILABLE):
        await Recovery(away, s.offices, s.keys, s.settings, s.waker).begin("siti@example.org")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/contact"),
        ({"contact": ""}, "/contact"),
        ({"contact": " \t"}, "/contact"),
        ({"contact": 812}, "/contact"),
        ({"contact": "x" * 255}, "/contact"),
        ({"contact": "siti@example.org", "office": "lampung-tengah"}, "/office"),
    ],
)
async def test_what_is_no_request_is_refused(client: httpx.AsyncClient, body: object, pointer: str) -> None:
    answer = await client.post(RECOVER, json=body)
    assert answer.status_code == 422
    assert [problem["pointer"] for problem in answer.json()["errors"]] == [pointer]


async def test_every_request_counts_towards_the_limit(settings: Settings, services: Services) -> None:
    few = msgspec.structs.replace(settings, rate_lookup_per_minute=3, redis_url=None)
    limited = msgspec.structs.replace(services, settings=few)
    async with opened_app(few, limited, address="10.9.8.7") as client:
        answers = [(await client.post(RECOVER, json={"contact": "siapa@example.org"})).status_code for _ in range(4)]
    assert answers == [202, 202, 202, 429]
