"""The same complaint three times at once by each door: one ticket (I2, D6), over HTTP into a service of real processes."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
import uuid
from typing import Any

import httpx

from complaints_service.dev.whatsapp_wire import Typed, webhook
from complaints_service.intake.whatsapp.inbound import Provider
from complaints_service.intake.whatsapp.signature import HEADER, sign
from tests.faults.service import PLAIN, WORKER, FaultyService, eventually

TIMES = 3


def words() -> str:
    return f"Paspor dengan nomor berkas {uuid.uuid4()} belum jadi."


def client_of(service: FaultyService) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=service.address, timeout=30, verify=PLAIN)


async def tickets_about(service: FaultyService, text: str) -> int:
    return await service.ask("SELECT count(*) FROM complaint_text WHERE description = $1", text)


async def test_the_api(service: FaultyService) -> None:
    text, key = words(), str(uuid.uuid4())
    answers = await asyncio.gather(
        *(service.post("/api/v1/complaints", {"description": text}, key) for _ in range(TIMES))
    )
    assert [answer.status_code for answer in answers] == [201] * TIMES
    assert len({(a.json()["number"], a.json()["tracking_code"]) for a in answers}) == 1
    assert await tickets_about(service, text) == 1


async def test_the_form(service: FaultyService) -> None:
    text = words()
    async with client_of(service) as client:
        page = await client.get("/?layanan=")
        form_id = re.search(r'name="form_id" value="([^"]+)"', page.text)
        assert form_id
        form = {
            "form_id": form_id[1], "kind": "complaint", "privacy": "open", "description": text, "step": "send"
        }  # fmt: skip
        answers = await asyncio.gather(*(client.post("/", data=form) for _ in range(TIMES)))
    assert [answer.status_code for answer in answers] == [303] * TIMES
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await tickets_about(service, text) == 1


async def test_the_kiosk(service: FaultyService) -> None:

    made = await asyncio.to_thread(service.run, "kiosk", "add", f"Ruang tunggu {secrets.token_hex(3)}", "--json")
    assert made.returncode == 0, made.stderr
    token = json.loads(made.stdout)["token"]
    text = words()
    batch = {"items": [{"client_id": str(uuid.uuid4()), "description": text}]}
    answers = await asyncio.gather(
        *(service.post("/api/v1/kiosk/complaints", batch, Authorization=f"Bearer {token}") for _ in range(TIMES))
    )
    results = [answer.json()["items"][0] for answer in answers]
    assert sorted(result["status"] for result in results) == [200, 200, 201]
    assert len({(result["number"], result["tracking_code"]) for result in results}) == 1
    assert await tickets_about(service, text) == 1


async def test_whatsapp_with_the_worker_killed_between(service: FaultyService) -> None:
    text, number = words(), f"62813{secrets.randbelow(10**9):09d}"
    secret = service.settings().whatsapp_app_secret or ""

    async def says(what: str) -> None:
        """The gateway brings one message three times at once."""
        typed = Typed(
            number=number,
            name="Siti",
            text=what,
            choice=None,
            message_id=f"wamid.{uuid.uuid4().hex}",
            at=int(time.time()),
        )
        body = webhook(Provider.CLOUD, typed)
        async with client_of(service) as client:
            answers = await asyncio.gather(
                *(
                    client.post("/webhooks/whatsapp/cloud", content=body, headers={HEADER: sign(secret, body)})
                    for _ in range(TIMES)
                )
            )
        assert [answer.status_code for answer in answers] == [200] * TIMES

    async def received() -> list[dict[str, Any]]:
        async with client_of(service) as client:
            shown: list[dict[str, Any]] = (await client.get("/dev/whatsapp.json")).json()
        return [message for message in shown if message["to"] == number]

    async def told(count: int) -> bool:
        return len(await received()) >= count

    await says(text)
    assert await eventually(lambda: told(1))
    await service.kill_and_await_another(WORKER)
    await says("kirim")
    assert await eventually(lambda: told(2))
    assert await tickets_about(service, text) == 1
    filed = await service.ask(
        "SELECT t.number FROM ticket AS t JOIN complaint_text AS c ON c.ticket_id = t.id WHERE c.description = $1", text
    )

    async def number_told() -> bool:
        return any(filed in message["text"] for message in await received())

    assert await eventually(number_told)
    assert await service.audit() == []
