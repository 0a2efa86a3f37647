"""Messages to one reader leave one after the other, in the order in which they were written, and nobody else waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from complaints_service.notifications.facts import Claimed
from complaints_service.notifications.message_ids import MessageIds
from complaints_service.notifications.store import OutboxStore
from complaints_service.tickets import commands as c
from tests.servers import Running
from tests.service.gateway_server import FakeGateway, gateway_server
from tests.service.outbox_room import Room, a_room

BOTH = ["email", "whatsapp"]


class HeldGateway(FakeGateway):
    """A gateway that lets nobody in until the door is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.door = asyncio.Event()
        self.knocked = 0
        self.knock = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.knocked += 1
        self.knock.set()
        await self.door.wait()
        await super().talk(reader, writer)


@pytest.fixture
def gateway() -> HeldGateway:
    return HeldGateway()


@pytest.fixture
async def room(running: Running, tmp_path: Path, gateway: HeldGateway) -> AsyncIterator[Room]:
    async with gateway_server(gateway) as address:
        settings = {
            "whatsapp_provider": "cloud",
            "whatsapp_app_secret": "s" * 32,
            "whatsapp_verify_token": "verify",
            "whatsapp_access_token": "bearer-token",
            "whatsapp_phone_number_id": "1",
            "whatsapp_api_url": address,
        }
        async with a_room(running, tmp_path, **settings) as opened:
            yield opened


def store_of(room: Room) -> OutboxStore:
    """Another worker's hands."""
    return OutboxStore(room.services.database, MessageIds(room.services.keys, room.services.settings.mail_from), 30)


async def claimed(room: Room) -> Claimed | None:
    row = await store_of(room).claim(BOTH)
    assert not isinstance(row, int)
    return row


async def a_chat(room: Room, key: int = 1) -> int:
    found: int = await room.admin.fetchval(
        "INSERT INTO whatsapp_chat (office_id, provider, address_key, address, draft, last_inbound_at)"
        " VALUES (1, 'cloud', $1, $2, '{}', office_now()) RETURNING id",
        bytes([key]),
        f"628123456789{key}",
    )
    return found


async def turns(room: Room, chat: int, count: int) -> list[int]:
    """Turns of a conversation that are due at once."""
    params = '{"template":"thanks","values":{"site":"https://x"}}'
    return [
        await room.put(kind="chat", way="whatsapp", recipient="chat", chat_id=chat, params=params) for _ in range(count)
    ]


async def test_two_messages_to_one_chat_are_never_under_way_together_and_keep_their_order(
    room: Room, gateway: HeldGateway
) -> None:
    rows = await turns(room, await a_chat(room), 3)
    delivering = asyncio.create_task(room.deliver())
    async with asyncio.timeout(20):
        await gateway.knock.wait()
    assert await claimed(room) is None, "the second one waits for the first"
    gateway.door.set()
    assert await delivering == 3
    assert gateway.knocked == 3
    sent = await room.admin.fetch("SELECT id FROM outbox ORDER BY sent_at")
    assert [row["id"] for row in sent] == rows


async def test_another_chat_does_not_wait(room: Room) -> None:
    first = await turns(room, await a_chat(room, 1), 2)
    second = await turns(room, await a_chat(room, 2), 2)
    found = [await claimed(room) for _ in range(3)]
    assert [row.id if row else None for row in found] == [first[0], second[0], None]


async def test_the_receipt_of_a_ticket_reaches_its_reporter_before_the_answer(room: Room) -> None:
    filed = await room.office.file()
    for command in (c.Verify(), c.Start(), c.Answer(text="Paspor Anda siap diambil.")):
        await room.office.act(filed.number, command, "petugas")
    other = await room.office.file(reporter_email="lain@example.org")
    await room.office.move_clock(timedelta(seconds=11))
    found = [await claimed(room) for _ in range(3)]
    assert [(row.ticket_id, row.kind) if row else None for row in found] == [
        (filed.ticket_id, "receipt"),
        (other.ticket_id, "receipt"),
        None,
    ]
    assert found[0] is not None
    assert await store_of(room).mark_ended(found[0], "cancelled", "test")
    answer = await claimed(room)
    assert answer is not None
    assert answer.kind == "answer"


async def test_mails_about_many_tickets_still_leave_side_by_side(room: Room) -> None:
    for _ in range(12):
        await room.office.file()
    room.postbox.slow = 0.02
    assert await room.deliver() == 12
    assert 1 < room.postbox.most_at_once <= 4


async def test_a_message_waits_for_an_older_one_that_is_tried_again_soon(room: Room) -> None:
    first, second = await turns(room, await a_chat(room), 2)
    await room.admin.execute(
        "UPDATE outbox SET next_try_at = clock_timestamp() + interval '200 s' WHERE id = $1", first
    )
    assert await claimed(room) is None
    waiting = await room.delivery.waiting()
    assert waiting.due == 0, "a drain would wait for it in vain"
    assert waiting.next_seconds is not None
    assert waiting.next_seconds > 100, "no hot loop"
    await room.admin.execute(
        "UPDATE outbox SET next_try_at = clock_timestamp() + interval '400 s' WHERE id = $1", first
    )
    row = await claimed(room)
    assert row is not None
    assert row.id == second, "news is worth more than order when the older one is far away"


async def test_a_message_that_can_still_be_undone_holds_nothing_up(room: Room) -> None:
    first, second = await turns(room, await a_chat(room), 2)
    await room.admin.execute("UPDATE outbox SET released_at = office_now() + interval '10 s' WHERE id = $1", first)
    row = await claimed(room)
    assert row is not None
    assert row.id == second


@pytest.mark.parametrize("state", ["dead", "cancelled", "sent", "absorbed"])
async def test_what_has_ended_holds_nothing_up(room: Room, state: str) -> None:
    first, second = await turns(room, await a_chat(room), 2)
    await room.admin.execute("UPDATE outbox SET state = $2, sent_at = clock_timestamp() WHERE id = $1", first, state)
    row = await claimed(room)
    assert row is not None
    assert row.id == second


async def test_the_look_for_an_older_message_goes_by_index(room: Room) -> None:
    chat = await a_chat(room)
    await turns(room, chat, 3)
    await room.admin.execute("SET enable_seqscan = off")
    plan = await room.admin.fetch(
        "EXPLAIN SELECT 1 FROM outbox AS p WHERE p.office_id = 1 AND p.chat_id = $1 AND p.state IN ('queued', 'sending')",
        chat,
    )
    await room.admin.execute("RESET enable_seqscan")
    assert "outbox_chat_waiting" in "\n".join(row[0] for row in plan)
