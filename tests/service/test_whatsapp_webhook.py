"""The webhooks over HTTP: who may speak, what is refused, and that 200 means stored."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from complaints_service.database import Scope
from complaints_service.intake.whatsapp.signature import HEADER, sign
from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import opened_app

CLOUD, GOWA = "/webhooks/whatsapp/cloud", "/webhooks/whatsapp/gowa"
STORY = "Paspor saya belum jadi sudah 10 hari"


@pytest.fixture(scope="module")
async def client(settings: Settings, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with opened_app(settings, services) as opened:
        yield opened


def text_message(number: str, text: Any, identity: str | None = None) -> dict[str, object]:
    wamid = identity or f"wamid.{secrets.token_hex(10)}"
    return {"from": number, "id": wamid, "timestamp": str(int(time.time())), "type": "text", "text": {"body": text}}


def delivery(*messages: object) -> bytes:
    value = {"messaging_product": "whatsapp", "contacts": [], "messages": list(messages)}
    changes = [{"field": "messages", "value": value}]
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}).encode()


@pytest.fixture
def number() -> str:
    return f"62813{secrets.randbelow(10**9):09d}"


@pytest.fixture
def secret(services: Services) -> str:
    assert services.settings.whatsapp_app_secret
    return services.settings.whatsapp_app_secret


async def post(client: httpx.AsyncClient, path: str, body: bytes, secret: str, **headers: str) -> httpx.Response:
    return await client.post(path, content=body, headers={HEADER: sign(secret, body), **headers})


async def taken(services: Services, number: str) -> int:
    async with services.database.transaction(Scope.system()) as connection:
        return await connection.fetchval(
            "SELECT count(*) FROM whatsapp_inbound WHERE chat_id = (SELECT id FROM whatsapp_chat WHERE address LIKE $1 || '%')",
            number,
        )


async def tickets(services: Services, number: str) -> int:
    async with services.database.transaction(Scope.system()) as connection:
        return await connection.fetchval("SELECT count(*) FROM reporter WHERE whatsapp LIKE $1 || '%'", number)


async def test_the_subscription_handshake_echoes_the_challenge(client: httpx.AsyncClient, services: Services) -> None:
    asked = {
        "hub.mode": "subscribe",
        "hub.verify_token": services.settings.whatsapp_verify_token or "",
        "hub.challenge": "1158201444",
    }
    answer = await client.get(CLOUD, params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    for wrong in ({"hub.verify_token": "guess"}, {"hub.verify_token": ""}, {"hub.mode": "unsubscribe"}):
        assert (await client.get(CLOUD, params=asked | wrong)).status_code == 403
    assert (await client.get(CLOUD)).status_code == 403
    for challenge in ("", "x" * 201, "a\nb"):
        assert (await client.get(CLOUD, params=asked | {"hub.challenge": challenge})).status_code == 400


@pytest.mark.parametrize("path", [CLOUD, GOWA])
@pytest.mark.parametrize("header", [None, "", "sha256=", "sha256=" + "0" * 64, "sha1=abc"])
async def test_a_forged_or_missing_signature_is_refused_and_nothing_is_stored(
    client: httpx.AsyncClient, services: Services, number: str, path: str, header: str | None
) -> None:
    headers = {} if header is None else {HEADER: header}
    answer = await client.post(path, content=delivery(text_message(number, STORY)), headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "forged_signature"
    assert await taken(services, number) == 0


async def test_the_signature_is_over_the_raw_body(
    client: httpx.AsyncClient, services: Services, number: str, secret: str
) -> None:
    body = delivery(text_message(number, STORY))
    answer = await client.post(CLOUD, content=body + b" ", headers={HEADER: sign(secret, body)})
    assert answer.status_code == 403
    assert await taken(services, number) == 0


async def test_the_whole_way_over_the_cloud_api(
    client: httpx.AsyncClient, services: Services, number: str, secret: str
) -> None:
    for text in (STORY, "kirim"):
        body = delivery(text_message(number, text))
        answers = await asyncio.gather(*(post(client, CLOUD, body, secret) for _ in range(5)))
        assert [answer.status_code for answer in answers] == [200] * 5
    assert await tickets(services, number) == 1
    assert await taken(services, number) == 2


async def test_the_whole_way_over_gowa(client: httpx.AsyncClient, services: Services, number: str, secret: str) -> None:
    jid = f"{number}@s.whatsapp.net"
    for text in (STORY, "1"):
        payload = {
            "id": secrets.token_hex(10).upper(),
            "chat_id": jid,
            "from": jid,
            "from_name": "Siti Rahma",
            "timestamp": "2026-11-24T10:30:00Z",
            "is_from_me": False,
            "body": text,
        }
        body = json.dumps({"event": "message", "device_id": "x", "payload": payload}).encode()
        assert (await post(client, GOWA, body, secret)).status_code == 200
        assert (await post(client, GOWA, body, secret)).status_code == 200
    assert await tickets(services, number) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff", b'{"entry":' * 50_000, b"[" * 900_000])
@pytest.mark.parametrize("path", [CLOUD, GOWA])
async def test_broken_and_deep_json_is_refused(client: httpx.AsyncClient, secret: str, path: str, body: bytes) -> None:
    answer = await post(client, path, body, secret)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_more_than_a_megabyte_is_refused(client: httpx.AsyncClient, secret: str) -> None:
    answer = await post(client, CLOUD, delivery({"filler": "x" * 1_000_000}), secret)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_batch_of_twenty_with_one_bad_is_acknowledged(
    client: httpx.AsyncClient, services: Services, secret: str
) -> None:
    numbers = [f"62814{secrets.randbelow(10**9):09d}" for _ in range(19)]
    messages: list[object] = [text_message(number, STORY) for number in numbers]
    messages.insert(3, text_message("6281400", {"not": "a text"}, f"wamid.bad.{secrets.token_hex(4)}"))
    answer = await post(client, CLOUD, delivery(*messages), secret)
    assert (answer.status_code, answer.json()) == (200, {"items": 20})
    assert [await taken(services, number) for number in numbers] == [1] * 19


async def test_nasty_words_are_stored_without_what_could_do_harm(
    client: httpx.AsyncClient, services: Services, number: str, secret: str
) -> None:
    nasty = "\x00Paspor \ud800<script>alert(1)</script> =cmd|' /C calc'!A0 \u202e{{7*7}} '; DROP TABLE ticket; --"
    for text in (nasty, "kirim"):
        assert (await post(client, CLOUD, delivery(text_message(number, text)), secret)).status_code == 200
    async with services.database.transaction(Scope.system()) as connection:
        stored = await connection.fetchval(
            """SELECT t.description FROM complaint_text AS t JOIN reporter AS r
               ON r.office_id = t.office_id AND r.ticket_id = t.ticket_id WHERE r.whatsapp = $1""",
            number,
        )
    assert stored == "Paspor <script>alert(1)</script> =cmd|' /C calc'!A0 {{7*7}} '; DROP TABLE ticket; --"


async def test_other_fields_groups_and_statuses_are_acknowledged_and_ignored(
    client: httpx.AsyncClient, services: Services, number: str, secret: str
) -> None:
    document = json.loads(delivery(text_message(number, STORY)))
    document["entry"][0]["changes"][0]["field"] = "account_update"
    assert (await post(client, CLOUD, json.dumps(document).encode(), secret)).status_code == 200
    ack = {"event": "message.ack", "payload": {"ids": ["A"], "receipt_type": "read"}}
    assert (await post(client, GOWA, json.dumps(ack).encode(), secret)).status_code == 200
    assert await taken(services, number) == 0
