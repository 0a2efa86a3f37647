"""WhatsApp out of the office: both gateways, every error class of DOMAIN.md, and the way from the outbox into the chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from complaints_service.keys import Keys
from complaints_service.notifications.outcomes import Dead, Outcome, Retry, Sent, Throttled, Uncertain
from complaints_service.notifications.rendering import ChatMessage, Choice
from complaints_service.notifications.whatsapp import Parcel, WhatsAppTransport, provider_name
from complaints_service.settings import Settings
from complaints_service.tickets import commands as c
from tests.servers import Running, test_settings
from tests.service.gateway_server import FakeGateway, gateway_server
from tests.service.outbox_room import Room, a_room

KEYS = Keys(b"k" * 32)
CHOICES = (Choice("send", "Kirim"), Choice("edit", "Ubah"), Choice("cancel", "Batal"))


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
async def address(gateway: FakeGateway) -> AsyncIterator[str]:
    async with gateway_server(gateway) as opened:
        yield opened


def settings_for(provider: str, address: str, tmp_path: Path) -> Settings:
    more = {
        "whatsapp_provider": provider,
        "whatsapp_app_secret": "s" * 32,
        "whatsapp_verify_token": "verify",
        "whatsapp_access_token": "admin:rahasia" if provider == "gowa" else "bearer-token",
        "whatsapp_phone_number_id": "106540352242922",
        "whatsapp_api_url": address,
    }
    return test_settings(tmp_path, "postgresql://nobody@/nothing", None, **more)


async def send(settings: Settings, message: ChatMessage, to: str = "6281234567890", limit: float = 5.0) -> Outcome:
    transport = WhatsAppTransport(settings, KEYS, limit)
    try:
        return await transport.send(Parcel(to=to, message=message, reference="abc@x"))
    finally:
        await transport.close()


async def test_the_cloud_api_gets_a_text_with_the_bearer_token(
    gateway: FakeGateway, address: str, tmp_path: Path
) -> None:
    outcome = await send(settings_for("cloud", address, tmp_path), ChatMessage("Halo"))
    assert outcome == Sent(provider_name(KEYS, "wamid.HBgL1"))
    asked = gateway.asked[0]
    assert asked.path == "/106540352242922/messages"
    assert asked.headers["authorization"] == "Bearer bearer-token"
    assert (asked.body["to"], asked.body["type"], asked.body["text"]) == (
        "6281234567890",
        "text",
        {"preview_url": False, "body": "Halo"},
    )
    assert asked.body["biz_opaque_callback_data"] == "abc@x"


async def test_the_gateways_message_id_is_stored_only_as_a_keyed_hash() -> None:
    assert "wamid" not in provider_name(KEYS, "wamid.HBgL1")
    assert provider_name(KEYS, "a") != provider_name(Keys(b"l" * 32), "a")


async def test_choices_are_buttons_on_the_cloud_api(gateway: FakeGateway, address: str, tmp_path: Path) -> None:
    await send(settings_for("cloud", address, tmp_path), ChatMessage("Kirim?", CHOICES))
    interactive = gateway.asked[0].body["interactive"]
    assert isinstance(interactive, dict)
    assert [b["reply"] for b in interactive["action"]["buttons"]] == [
        {"id": "send", "title": "Kirim"},
        {"id": "edit", "title": "Ubah"},
        {"id": "cancel", "title": "Batal"},
    ]


async def test_a_text_too_long_for_buttons_has_numbered_lines(
    gateway: FakeGateway, address: str, tmp_path: Path
) -> None:
    await send(settings_for("cloud", address, tmp_path), ChatMessage("x" * 1500, CHOICES))
    text = gateway.asked[0].body["text"]
    assert isinstance(text, dict)
    assert text["body"].endswith("\n\n1. Kirim\n2. Ubah\n3. Batal")


async def test_gowa_gets_numbered_text_with_basic_auth_and_its_device(
    gateway: FakeGateway, address: str, tmp_path: Path
) -> None:
    outcome = await send(settings_for("gowa", address, tmp_path), ChatMessage("Kirim?", CHOICES))
    assert outcome == Sent(provider_name(KEYS, "3EB0"))
    asked = gateway.asked[0]
    assert asked.path == "/send/message"
    assert asked.headers["authorization"] == "Basic YWRtaW46cmFoYXNpYQ=="
    assert asked.headers["x-device-id"] == "106540352242922"
    assert asked.body == {"phone": "6281234567890@s.whatsapp.net", "message": "Kirim?\n\n1. Kirim\n2. Ubah\n3. Batal"}


def fault(code: int) -> dict[str, object]:
    return {"error": {"message": "(#1) x", "type": "OAuthException", "code": code, "fbtrace_id": "A"}}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((400, fault(131047)), Dead("whatsapp_131047", other_way=True)),
        ((400, fault(131026)), Dead("whatsapp_131026", other_way=True)),
        ((400, fault(100)), Dead("whatsapp_100")),
        ((429, fault(130429)), Throttled("whatsapp_130429")),
        ((400, fault(131056)), Throttled("whatsapp_131056")),
        ((429, b"slow down"), Throttled("whatsapp_429")),
        ((401, fault(190)), Retry("whatsapp_login_401", way_down=True, needs_person=True)),
        ((500, fault(131000)), Retry("whatsapp_131000", way_down=True)),
        ((503, b"<html>"), Retry("whatsapp_503", way_down=True)),
        ((302, b""), Dead("whatsapp_302")),
        ((404, b"\xff\xfe"), Dead("whatsapp_404")),
        ((200, b"not json"), Sent(None)),
    ],
)
async def test_each_answer_of_the_cloud_api_has_its_outcome(
    gateway: FakeGateway, address: str, tmp_path: Path, answer: tuple[int, object], expected: Outcome
) -> None:
    gateway.usual = answer
    assert await send(settings_for("cloud", address, tmp_path), ChatMessage("Halo")) == expected
    assert len(gateway.asked) == 1, "neither repeated nor redirected"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((401, b"Unauthorized"), Retry("whatsapp_login_401", way_down=True, needs_person=True)),
        ((429, b""), Throttled("whatsapp_429")),
        ((500, {"code": "INTERNAL_SERVER_ERROR"}), Retry("whatsapp_500", way_down=True)),
        ((400, {"code": "VALIDATION_ERROR"}), Dead("whatsapp_400", other_way=True)),
    ],
)
async def test_each_answer_of_gowa_has_its_outcome(
    gateway: FakeGateway, address: str, tmp_path: Path, answer: tuple[int, object], expected: Outcome
) -> None:
    gateway.usual = answer
    assert await send(settings_for("gowa", address, tmp_path), ChatMessage("Halo")) == expected


@pytest.mark.parametrize("answer", [(0, b""), (-1, b"")])
async def test_a_line_that_goes_dead_after_the_request_is_uncertain(
    gateway: FakeGateway, address: str, tmp_path: Path, answer: tuple[int, object]
) -> None:
    gateway.usual = answer
    outcome = await send(settings_for("cloud", address, tmp_path), ChatMessage("Halo"), limit=3)
    assert isinstance(outcome, Uncertain)


async def test_a_gateway_that_cannot_be_reached_rests_the_way(tmp_path: Path) -> None:
    async with gateway_server(FakeGateway()) as closed:
        pass
    outcome = await send(settings_for("cloud", closed, tmp_path), ChatMessage("Halo"))
    assert outcome == Retry("ConnectError", way_down=True)


async def test_without_a_gateway_the_other_way_is_taken(tmp_path: Path) -> None:
    settings = test_settings(tmp_path, "postgresql://nobody@/nothing", None, whatsapp_provider="none")
    assert await send(settings, ChatMessage("Halo")) == Dead("no_gateway", other_way=True)


@pytest.fixture
async def room(running: Running, tmp_path: Path, address: str) -> AsyncIterator[Room]:
    gateway_settings = {
        "whatsapp_provider": "cloud",
        "whatsapp_app_secret": "s" * 32,
        "whatsapp_verify_token": "verify",
        "whatsapp_access_token": "bearer-token",
        "whatsapp_phone_number_id": "1",
        "whatsapp_api_url": address,
    }
    async with a_room(running, tmp_path, **gateway_settings) as opened:
        yield opened


async def a_chat(room: Room) -> int:
    """A conversation with somebody whose draft is not filed yet."""
    found: int = await room.admin.fetchval(
        "INSERT INTO whatsapp_chat (office_id, provider, address_key, address, draft, last_inbound_at) VALUES"
        """ (1, 'cloud', '\\x01', '6281234567890', '{"parts":[{"at":"2026-11-24T02:00:00Z","text":"Paspor belum jadi"}]}',"""
        " office_now()) RETURNING id"
    )
    return found


def last_text(gateway: FakeGateway) -> str:
    body = gateway.asked[-1].body
    text = body.get("text") or (body["interactive"]["body"] if isinstance(body["interactive"], dict) else {})
    assert isinstance(text, dict)
    return str(text.get("body") or text.get("text"))


async def test_the_receipt_goes_into_the_chat_with_number_code_and_dates(room: Room, gateway: FakeGateway) -> None:
    chat = await a_chat(room)
    filed = await room.office.file(
        reporter_email=None, reporter_whatsapp="6281234567890", chat_id=chat, channel="whatsapp"
    )
    assert await room.deliver() == 1
    text = last_text(gateway)
    assert filed.number in text
    assert filed.tracking_code in text
    assert "/m/" in text
    assert len(text) < 900
    row = (await room.rows())[0]
    assert (row["state"], row["recipient"], row["provider_id"]) == (
        "sent",
        "chat",
        provider_name(room.services.keys, "wamid.HBgL1"),
    )


async def test_the_officers_answer_comes_back_into_the_same_chat(room: Room, gateway: FakeGateway) -> None:
    chat = await a_chat(room)
    filed = await room.office.file(
        reporter_email=None, reporter_whatsapp="6281234567890", chat_id=chat, channel="whatsapp"
    )
    assert await room.deliver() == 1, "the receipt; were both due at once, their order would not be promised"
    for command in (c.Verify(), c.Start(), c.Answer(text="Paspor Anda siap diambil.")):
        await room.office.act(filed.number, command, "petugas")
    await room.admin.execute("UPDATE clock_shift SET shift = shift + interval '11 seconds'")
    await room.deliver()
    assert "Paspor Anda siap diambil." in last_text(gateway)


async def test_a_turn_is_rendered_with_the_draft_that_stands_only_in_the_chat(room: Room, gateway: FakeGateway) -> None:
    chat = await a_chat(room)
    params = '{"template":"summary","values":{"site":"https://x"},"choices":[["send","Send"],["edit","Change"]]}'
    await room.put(kind="chat", way="whatsapp", recipient="chat", chat_id=chat, params=params)
    assert await room.deliver() == 1
    assert "Paspor belum jadi" in last_text(gateway)


@pytest.mark.parametrize("template", ["../../email/base", "summary.txt", "", "no_such_turn"])
async def test_a_turn_names_a_template_and_nothing_else(room: Room, gateway: FakeGateway, template: str) -> None:
    chat = await a_chat(room)
    await room.put(kind="chat", way="whatsapp", recipient="chat", chat_id=chat, params=f'{{"template":"{template}"}}')
    assert await room.deliver() == 0
    assert gateway.asked == []
    (row,) = await room.rows()
    assert row["state"] == "queued"  # with jitter the second try may have come in the same round
    assert row["attempts"] >= 1


async def test_who_cannot_be_reached_by_whatsapp_is_written_to(room: Room, gateway: FakeGateway) -> None:
    chat = await a_chat(room)
    filed = await room.office.file(reporter_whatsapp="6281234567890", chat_id=chat, channel="whatsapp")
    await room.admin.execute("DELETE FROM outbox WHERE way = 'email'")
    gateway.usual = (400, fault(131047))
    await room.deliver()
    await room.deliver()
    assert {(row["way"], row["state"]) for row in await room.rows()} == {("whatsapp", "dead"), ("email", "sent")}
    assert filed.tracking_code in room.postbox.to("siti@example.org")[0].text


async def test_nobody_is_written_to_twice_because_whatsapp_failed(room: Room, gateway: FakeGateway) -> None:
    chat = await a_chat(room)
    await room.office.file(reporter_whatsapp="6281234567890", chat_id=chat, channel="whatsapp")
    gateway.usual = (400, fault(131026))
    await room.deliver()
    await room.deliver()
    assert len(room.postbox.to("siti@example.org")) == 1


async def test_an_expired_token_rests_the_way_tells_the_administrator_and_mends_itself(
    room: Room, gateway: FakeGateway
) -> None:
    chat = await a_chat(room)
    gateway.usual = (401, fault(190))
    await room.office.file(reporter_email=None, reporter_whatsapp="6281234567890", chat_id=chat, channel="whatsapp")
    assert await room.deliver() == 0
    assert await room.alarms() == ["way_down:whatsapp"]
    await room.office.file()
    gateway.usual = FakeGateway().usual

    async def all_sent() -> bool:
        await room.hurry()
        await room.deliver()
        return set(await room.states()) == {"sent"}

    await room.until(all_sent)
    assert await room.alarms() == []
