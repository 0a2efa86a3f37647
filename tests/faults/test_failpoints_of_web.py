"""A web process killed at each failpoint of the doors: the client's retry under its key gives the one ticket (I1, I2, D6)."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from complaints_service.dev.whatsapp_wire import Typed, webhook
from complaints_service.intake.kiosk.sealing import QueueKey
from complaints_service.intake.whatsapp.inbound import Provider
from complaints_service.intake.whatsapp.signature import HEADER, sign
from complaints_service.public.kiosk_request import DEVICE_COOKIE
from complaints_service.tickets import commands as c
from tests import files
from tests.faults.service import PLAIN, eventually
from tests.faults.struck import Struck, audited
from tests.kiosk_forms import kept_form, kept_item
from tests.servers import Running
from tests.service.outbox_room import Room, a_room

Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("struck")) as opened:
        yield opened


async def struck(room: Room, place: str, ask: Ask) -> httpx.Response:
    """Ask a process that dies there, then the same again of another; the second answer."""
    web = Struck(room, "web")
    async with (
        web.running(place) as process,
        httpx.AsyncClient(base_url=web.address, timeout=30, verify=PLAIN) as client,
    ):
        with pytest.raises(httpx.TransportError):
            await ask(client)
        await web.dies(process)
    async with web.running(), httpx.AsyncClient(base_url=web.address, timeout=30, verify=PLAIN) as client:
        return await ask(client)


async def tickets_about(room: Room, text: str) -> list[str]:
    rows = await room.admin.fetch(
        "SELECT k.number FROM ticket AS k JOIN complaint_text AS c ON c.ticket_id = k.id WHERE c.description = $1", text
    )
    return [row["number"] for row in rows]


def words() -> str:
    return f"Paspor dengan nomor berkas {uuid.uuid4()} belum jadi."


def filing(text: str, **more: object) -> Ask:
    body = {"description": text, "reporter": {"email": "siti@example.org"}, **more}
    key = str(uuid.uuid4())
    return lambda client: client.post("/api/v1/complaints", json=body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("place", ["filing.prepared", "filing.committed"])
async def test_a_filing(room: Room, place: str) -> None:
    text = words()
    answer = await struck(room, place, filing(text))
    assert answer.status_code == 201
    assert (answer.headers.get("idempotent-replayed") == "true") == (place == "filing.committed")
    assert await tickets_about(room, text) == [answer.json()["number"]]
    assert await audited(room) == []


async def test_a_filing_with_a_photo_keeps_the_upload_for_the_retry(room: Room) -> None:
    web, text = Struck(room, "web"), words()
    async with web.running(), httpx.AsyncClient(base_url=web.address, timeout=30, verify=PLAIN) as client:
        taken = await client.post("/api/v1/uploads", files={"file": ("foto.jpg", files.jpeg(), "image/jpeg")})
        assert taken.status_code == 201, taken.text
    answer = await struck(room, "filing.before_files", filing(text, attachments=[taken.json()["id"]]))
    assert answer.status_code == 201, answer.text
    assert await tickets_about(room, text) == [answer.json()["number"]]
    assert await room.admin.fetchval("SELECT count(*) FROM attachment WHERE id = $1", taken.json()["id"]) == 1
    assert await audited(room) == []


async def test_an_upload_leaves_no_row_without_its_file(room: Room) -> None:
    photo = files.jpeg()
    before = await room.admin.fetchval("SELECT count(*) FROM upload")

    def send(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
        return client.post("/api/v1/uploads", files={"file": ("foto.jpg", photo, "image/jpeg")})

    assert (await struck(room, "upload.stored", send)).status_code == 201
    assert await room.admin.fetchval("SELECT count(*) FROM upload") == before + 1


@pytest.mark.parametrize("place", ["command.written", "command.committed"])
async def test_a_message_to_the_office_is_there_once(room: Room, place: str) -> None:
    ticket, said, key = await room.office.file(), words(), str(uuid.uuid4())
    await room.office.act(ticket.number, c.Verify(), "petugas")
    headers = {"Authorization": f"Bearer {ticket.tracking_code}", "Idempotency-Key": key}

    def write(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
        return client.post(f"/api/v1/complaints/{ticket.number}/messages", json={"text": said}, headers=headers)

    assert (await struck(room, place, write)).status_code == 201
    assert await room.admin.fetchval("SELECT count(*) FROM message WHERE text = $1", said) == 1
    assert await audited(room) == []


async def test_a_batch_of_a_kiosk(room: Room) -> None:
    _, token = await room.services.kiosk.create_device(
        await room.office.office(), f"Ruang tunggu {uuid.uuid4().hex[:6]}"
    )
    texts = [words() for _ in range(3)]
    batch = {"items": [{"client_id": str(uuid.uuid4()), "description": text} for text in texts]}

    def send(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
        return client.post("/api/v1/kiosk/complaints", json=batch, headers={"Authorization": f"Bearer {token}"})

    items: list[dict[str, Any]] = (await struck(room, "kiosk.item_filed", send)).json()["items"]
    assert [item["status"] for item in items] == [200, 201, 201], "the first was filed before it died"
    assert [await tickets_about(room, text) for text in texts] == [[item["number"]] for item in items]
    assert await audited(room) == []


async def test_the_queue_of_a_kiosk_without_a_line(room: Room) -> None:
    _, token = await room.services.kiosk.create_device(
        await room.office.office(), f"Ruang tunggu {uuid.uuid4().hex[:6]}"
    )
    texts, now = [words() for _ in range(2)], (await room.office.now()).isoformat()
    receipts = [f"S-{uuid.uuid4().hex[:6].upper()}" for _ in texts]
    key = QueueKey(room.services.keys).public
    items = [kept_item(key, kept_form(text, now, receipt)) for text, receipt in zip(texts, receipts, strict=True)]

    def send(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
        cookie = f"{DEVICE_COOKIE}={token}"
        return client.post("/kios/kiriman", json={"sent_at": now, "items": items}, headers={"Cookie": cookie})

    answered: list[dict[str, Any]] = (await struck(room, "kiosk.kept_filed", send)).json()["items"]
    assert [item["status"] for item in answered] == [200, 201], "the first was filed before it died"
    assert [await tickets_about(room, text) for text in texts] == [[item["number"]] for item in answered]
    assert await room.admin.fetchval("SELECT count(*) FROM kiosk_receipt") == len(receipts), (
        "both are exchanged at /lacak"
    )
    assert await audited(room) == []


@pytest.mark.parametrize("place", ["whatsapp.taken", "whatsapp.heard", "whatsapp.filed"])
async def test_a_conversation_by_whatsapp(room: Room, place: str) -> None:
    text, number = words(), f"62813{uuid.uuid4().int % 10**9:09d}"
    secret = room.services.settings.whatsapp_app_secret or ""

    def says(what: str) -> Ask:
        """The gateway brings one message, and again when it had no answer."""
        typed = Typed(
            number=number,
            name="Siti",
            text=what,
            choice=None,
            message_id=f"wamid.{uuid.uuid4().hex}",
            at=int(time.time()),
        )
        body = webhook(Provider.CLOUD, typed)
        return lambda client: client.post(
            "/webhooks/whatsapp/cloud", content=body, headers={HEADER: sign(secret, body)}
        )

    web = Struck(room, "web")
    async with web.running(), httpx.AsyncClient(base_url=web.address, timeout=30, verify=PLAIN) as client:
        assert (await says(text)(client)).status_code == 200
    assert (await struck(room, place, says("kirim"))).status_code == 200

    async def filed_once() -> bool:
        return len(await tickets_about(room, text)) == 1

    assert await eventually(filed_once)
    assert await room.admin.fetchval("SELECT count(*) FROM whatsapp_chat WHERE step = 'filing'") == 0
    assert await audited(room) == []


AT_THE_DOORS = {
    "filing.prepared", "filing.committed", "filing.before_files", "upload.stored", "command.written", "command.committed",
    "kiosk.item_filed", "kiosk.kept_filed", "whatsapp.taken", "whatsapp.heard", "whatsapp.filed",
}  # fmt: skip
