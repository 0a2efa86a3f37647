"""The development phone: a real server, real webhooks in, the real send endpoint out, the worker's delivery between them."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from collections.abc import AsyncIterator
from typing import Literal

import httpx
import msgspec
import pytest
import uvicorn
from playwright.async_api import Browser

from complaints_service.app import create_app
from complaints_service.database import Scope
from complaints_service.settings import Settings, WhatsAppProvider
from complaints_service.tickets.commands import Answer, Start, Verify
from complaints_service.tickets.model import Actor, ActorKind
from complaints_service.wiring import Services, open_services
from tests.app_client import PLAIN
from tests.web.accessibility import Axe, sideways_scroll
from tests.web.conftest import QuietServer
from tests.web.watching import watch

STORY = "Paspor saya belum jadi sudah 10 hari"


class Phone:
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


@pytest.fixture(scope="module", params=[WhatsAppProvider.CLOUD, WhatsAppProvider.GOWA])
async def served(
    request: pytest.FixtureRequest, settings: Settings
) -> AsyncIterator[tuple[Services, httpx.AsyncClient]]:
    """A server whose messages go to its own development gateway."""
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
        server = QuietServer(uvicorn.Config(create_app(own, services), log_level="warning", lifespan="on"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        async with httpx.AsyncClient(base_url=address, timeout=20, verify=PLAIN) as client:
            yield services, client
        server.should_exit = True
        await serving
        await services.close()


@pytest.fixture
def phone(served: tuple[Services, httpx.AsyncClient]) -> Phone:
    return Phone(*served)


def is_cloud(phone: Phone) -> bool:
    return phone.services.settings.whatsapp_provider is WhatsAppProvider.CLOUD


async def test_the_whole_road_in_the_chat_window(phone: Phone) -> None:
    await phone.types(STORY)
    summary = await phone.hears()
    assert STORY in str(summary["text"])
    buttons = summary["buttons"]
    assert isinstance(buttons, list)
    if is_cloud(phone):
        assert [button["title"] for button in buttons] == ["Kirim", "Ubah", "Batal"]
        await phone.types("Kirim", choice=buttons[0]["id"])
    else:
        assert "1. Kirim\n2. Ubah\n3. Batal" in str(summary["text"])
        await phone.types("1")
    receipt = str((await phone.hears())["text"])
    number = re.search(r"LT-\d{4}-\d{6}", receipt)
    code = re.search(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}", receipt)
    assert number
    assert code
    found = await phone.client.get(f"/api/v1/complaints/{number[0]}", headers={"Authorization": f"Bearer {code[0]}"})
    assert found.json()["messages"][0]["text"] == STORY

    await answer(phone.services, number[0], "Paspor Anda siap diambil di loket 2.")
    assert "Paspor Anda siap diambil di loket 2." in str((await phone.hears())["text"])
    page = (await phone.client.get("/dev/whatsapp", params={"number": phone.number})).text
    assert STORY in page
    assert number[0] in page
    assert "Paspor Anda siap diambil di loket 2." in page


@pytest.mark.parametrize(("width", "scheme", "script"), [(1280, "light", False), (320, "dark", True)])
async def test_the_road_by_hand_with_and_without_script(
    phone: Phone, chromium: Browser, axe: Axe, width: int, scheme: Literal["light", "dark"], script: bool
) -> None:
    context = await chromium.new_context(
        base_url=str(phone.client.base_url),
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        locale="id-ID",
        java_script_enabled=script,
    )
    context.set_default_timeout(15_000)
    page = await context.new_page()
    watched = await watch(page)
    await page.goto(f"/dev/whatsapp?number={phone.number}&name=Siti")
    await page.get_by_label("Pesan Anda").fill(STORY)
    await page.get_by_role("button", name="Kirim pesan").click()
    await phone.hears()
    await page.get_by_role("link", name="Lihat lagi").click()
    if is_cloud(phone):
        await page.get_by_role("button", name="Kirim", exact=True).click()
    else:
        await page.get_by_label("Pesan Anda").fill("1")
        await page.get_by_role("button", name="Kirim pesan").click()
    await phone.hears()
    await page.get_by_role("link", name="Lihat lagi").click()
    await page.get_by_text("Kode lacak").wait_for()
    if script:
        assert await sideways_scroll(page) == 0
        assert await axe.broken_rules(page) == {}
    assert watched.complaints == []
    await context.close()


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


async def test_the_send_endpoints_refuse_who_does_not_know_the_token(phone: Phone) -> None:
    cloud = {"messaging_product": "whatsapp", "to": "628", "type": "text", "text": {"body": "Halo"}}
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic wrong"}):
        for path in ("/dev/whatsapp/cloud/1/messages", "/dev/whatsapp/cloud/v23.0/1/messages"):
            refused = await phone.client.post(path, json=cloud, headers=headers)
            assert (refused.status_code, refused.json()["error"]["code"]) == (401, 190)
        gowa = {"phone": "628@s.whatsapp.net", "message": "Halo"}
        assert (
            await phone.client.post("/dev/whatsapp/gowa/send/message", json=gowa, headers=headers)
        ).status_code == 401


async def test_what_the_real_gateway_would_refuse_is_refused(phone: Phone) -> None:
    bearer = {"Authorization": "Bearer user:password"}
    for body in (b"", b"{", b"[]", b'{"messaging_product": "whatsapp"}'):
        refused = await phone.client.post("/dev/whatsapp/cloud/1/messages", content=body, headers=bearer)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, 100)


async def test_other_sites_and_other_names_of_this_machine_are_refused(phone: Phone) -> None:
    form = {"number": phone.number, "name": "x", "text": STORY}
    other = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await phone.client.post("/dev/whatsapp", data=form, headers=other)).status_code == 403
    assert (await phone.client.get("/dev/whatsapp.json", headers={"Host": "evil.example"})).status_code == 403


async def test_a_number_that_is_none_is_refused(phone: Phone) -> None:
    refused = await phone.client.post("/dev/whatsapp", data={"number": "<b>", "name": "", "text": STORY})
    assert refused.status_code == 422


async def test_what_people_write_is_inert_on_the_page(phone: Phone) -> None:
    await phone.types("<script>alert(1)</script> paspor saya belum jadi")
    await phone.hears()
    page = (await phone.client.get("/dev/whatsapp", params={"number": phone.number})).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
