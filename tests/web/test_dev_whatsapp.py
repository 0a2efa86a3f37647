"""The development phone: a real server, real webhooks in, the real send endpoint out, the worker's delivery between them."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
import uvicorn

from complaints_service.app import create_app
from complaints_service.database import Scope
from complaints_service.settings import Settings, WhatsAppProvider
from complaints_service.tickets.commands import Answer, Start, Verify
from complaints_service.tickets.model import Actor, ActorKind
from complaints_service.wiring import Services, open_services

STORY = "Paspor saya belum jadi sudah 10 hari"


class Site:
    """A server of our own with one phone."""

    def __init__(self, services: Services, client: httpx.AsyncClient) -> None:
        self.services = services
        self.client = client
        self.number = f"62815{secrets.randbelow(10**9):09d}"

    async def types(self, text: str, choice: str = "") -> httpx.Response:
        form = {"number": self.number, "name": "Siti Rahma", "text": text, "choice": choice}
        answer = await self.client.post("/dev/whatsapp", data=form)
        assert answer.status_code == 303
        return answer

    async def hears(self) -> dict[str, object]:
        """The newest message the service has sent to this phone."""
        await self.services.notifications.deliver_due()
        sent = (await self.client.get("/dev/whatsapp.json")).json()
        return next(message for message in sent if message["to"] == self.number)


@pytest.fixture(params=[WhatsAppProvider.CLOUD, WhatsAppProvider.GOWA])
async def site(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Site]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        provider: WhatsAppProvider = request.param
        own = msgspec.structs.replace(
            settings,
            base_url=address,
            whatsapp_provider=provider,
            whatsapp_api_url=f"{address}/dev/whatsapp/{provider.value}",
            whatsapp_access_token="user:password",
        )
        services = await open_services(own, hints=False)
        server = uvicorn.Server(uvicorn.Config(create_app(own, services), log_level="warning", lifespan="on"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        async with httpx.AsyncClient(base_url=address, timeout=20) as client:
            yield Site(services, client)
        server.should_exit = True
        await serving
        await services.close()


def is_cloud(site: Site) -> bool:
    return site.services.settings.whatsapp_provider is WhatsAppProvider.CLOUD


async def test_the_whole_road_in_the_chat_window(site: Site) -> None:
    await site.types(STORY)
    summary = await site.hears()
    assert STORY in str(summary["text"])
    buttons = summary["buttons"]
    assert isinstance(buttons, list)
    if is_cloud(site):
        assert [button["title"] for button in buttons] == ["Kirim", "Ubah", "Batal"]
        await site.types("Kirim", choice=buttons[0]["id"])
    else:
        assert "1. Kirim\n2. Ubah\n3. Batal" in str(summary["text"])
        await site.types("1")
    receipt = str((await site.hears())["text"])
    number = re.search(r"LT-\d{4}-\d{6}", receipt)
    code = re.search(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}", receipt)
    assert number
    assert code
    found = await site.client.get(f"/api/v1/complaints/{number[0]}", headers={"Authorization": f"Bearer {code[0]}"})
    assert found.json()["messages"][0]["text"] == STORY

    await answer(site.services, number[0], "Paspor Anda siap diambil di loket 2.")
    assert "Paspor Anda siap diambil di loket 2." in str((await site.hears())["text"])
    page = (await site.client.get("/dev/whatsapp", params={"number": site.number})).text
    assert STORY in page
    assert number[0] in page
    assert "Paspor Anda siap diambil di loket 2." in page


async def answer(services: Services, number: str, text: str) -> None:
    """An officer answers; the ten seconds in which it can be undone are over."""
    office = await services.offices.current()
    person = next(p for p in office.people.values() if p.username == "petugas")
    actor = Actor(ActorKind.PERSON, person.id, person.role.value, person.name)
    for command in (Verify(), Start(), Answer(text=text)):
        await services.tickets.act(office, number, command, actor, Scope.system())
    async with services.database.transaction(Scope.system()) as connection:
        await connection.execute(
            """UPDATE outbox SET released_at = office_now()
               WHERE ticket_id = (SELECT id FROM ticket WHERE number = $1)""",
            number,
        )


async def test_the_send_endpoints_refuse_who_does_not_know_the_token(site: Site) -> None:
    cloud = {"messaging_product": "whatsapp", "to": "628", "type": "text", "text": {"body": "Halo"}}
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic wrong"}):
        for path in ("/dev/whatsapp/cloud/1/messages", "/dev/whatsapp/cloud/v23.0/1/messages"):
            refused = await site.client.post(path, json=cloud, headers=headers)
            assert (refused.status_code, refused.json()["error"]["code"]) == (401, 190)
        gowa = {"phone": "628@s.whatsapp.net", "message": "Halo"}
        assert (
            await site.client.post("/dev/whatsapp/gowa/send/message", json=gowa, headers=headers)
        ).status_code == 401


async def test_what_the_real_gateway_would_refuse_is_refused(site: Site) -> None:
    bearer = {"Authorization": "Bearer user:password"}
    for body in (b"", b"{", b"[]", b'{"messaging_product": "whatsapp"}'):
        refused = await site.client.post("/dev/whatsapp/cloud/1/messages", content=body, headers=bearer)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, 100)


async def test_other_sites_and_other_names_of_this_machine_are_refused(site: Site) -> None:
    form = {"number": site.number, "name": "x", "text": STORY}
    other = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await site.client.post("/dev/whatsapp", data=form, headers=other)).status_code == 403
    assert (await site.client.get("/dev/whatsapp.json", headers={"Host": "evil.example"})).status_code == 403


async def test_a_number_that_is_none_is_refused(site: Site) -> None:
    refused = await site.client.post("/dev/whatsapp", data={"number": "<b>", "name": "", "text": STORY})
    assert refused.status_code == 422


async def test_what_people_write_is_inert_on_the_page(site: Site) -> None:
    await site.types("<script>alert(1)</script> paspor saya belum jadi")
    await site.hears()
    page = (await site.client.get("/dev/whatsapp", params={"number": site.number})).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
