"""E-mail, WhatsApp or both for people of the office: what was chosen, what a rung asks for, and what happens when a way is dead."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from tests.servers import Running
from tests.service.gateway_server import FakeGateway, gateway_server
from tests.service.outbox_room import Room, a_room

NUMBER = "+6281300000001"


@pytest.fixture(scope="module")
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture(scope="module")
async def opened(
    running: Running, tmp_path_factory: pytest.TempPathFactory, gateway: FakeGateway
) -> AsyncIterator[Room]:
    async with gateway_server(gateway) as address:
        settings = {
            "whatsapp_provider": "gowa",
            "whatsapp_app_secret": "s" * 32,
            "whatsapp_access_token": "admin:rahasia",
            "whatsapp_api_url": address,
        }
        async with a_room(running, tmp_path_factory.mktemp("ways"), **settings) as room:
            yield room


@pytest.fixture
async def room(opened: Room, gateway: FakeGateway) -> Room:
    """An hour in which nobody has had a message yet."""
    gateway.asked.clear()
    gateway.script.clear()
    opened.postbox.taken.clear()
    opened.postbox.of.clear()
    await opened.office.move_clock(timedelta(hours=2))
    return opened


async def choose(room: Room, *ways: str, number: str | None = NUMBER) -> str:
    """The head's ways; answers the head's mail address."""
    await room.admin.execute("UPDATE person SET ways = $1, whatsapp = $2 WHERE username = 'kepala'", list(ways), number)
    await room.services.offices.refresh()
    return (await room.office.person("kepala")).email or ""


async def breach(room: Room) -> str:
    """A case whose answer is two working days late: a rung for the head, written by the real clock."""
    filed = await room.office.file(reporter_email=None, reporter_phone=None)
    rows = await room.office.timers(filed.number)
    await room.admin.execute("UPDATE sla_timer SET state = 'called_off' WHERE ticket_id <> $1", filed.ticket_id)
    await room.admin.execute("UPDATE outbox SET state = 'cancelled' WHERE state = 'queued'")
    assert rows
    while not [
        row for row in await room.rows(ticket_id=filed.ticket_id, kind="rung") if row["person_id"] == await head(room)
    ]:
        armed = await room.office.timers(filed.number)
        due_at = armed[0]["due_at"]
        assert isinstance(due_at, datetime)
        await room.office.move_clock_to(max(due_at, await room.office.now()) + timedelta(seconds=1))
        await room.office.fire()
    return filed.number


async def head(room: Room) -> int:
    return (await room.office.person("kepala")).id


async def test_both_ways_carry_the_same_rung(room: Room, gateway: FakeGateway) -> None:
    address = await choose(room, "email", "whatsapp")
    number = await breach(room)
    await room.deliver()
    assert number in room.postbox.to(address)[-1].text
    said = [str(asked.body) for asked in gateway.asked if NUMBER.lstrip("+") in str(asked.body)]
    assert len(said) == 1
    assert number in said[0]
    assert "/a/" in said[0]
    assert "Siti" not in said[0]


async def test_whatsapp_alone_sends_no_mail(room: Room, gateway: FakeGateway) -> None:
    address = await choose(room, "whatsapp")
    number = await breach(room)
    await room.deliver()
    assert room.postbox.to(address) == []
    assert [asked for asked in gateway.asked if number in str(asked.body)]


async def test_a_dead_way_turns_to_the_other_once(room: Room, gateway: FakeGateway) -> None:
    address = await choose(room, "whatsapp")
    gateway.script = [(400, {})]
    number = await breach(room)
    await room.deliver()
    await room.deliver()
    assert [number in mail.text for mail in room.postbox.to(address)] == [True]
    assert [key for key in await room.alarms() if key.startswith("outbox_dead")]


async def test_both_ways_dead_end_as_a_dead_letter_with_an_alarm(room: Room, gateway: FakeGateway) -> None:
    address = await choose(room, "email")
    room.postbox.of[address] = "refuse"
    gateway.script = [(400, {})]
    number = await breach(room)
    for _ in range(4):
        await room.deliver()
    rows = [row for row in await room.rows(kind="rung", state="dead") if row["person_id"] == await head(room)]
    assert rows[-1]["dedupe_key"].endswith(":turned")
    assert len([asked for asked in gateway.asked if number in str(asked.body)]) == 1
    assert [key for key in await room.alarms() if key.startswith("outbox_dead")]


async def test_five_an_hour_by_whatsapp_too_and_the_rest_in_one(room: Room, gateway: FakeGateway) -> None:
    await choose(room, "whatsapp")
    tickets = await room.file_many(9)
    await room.admin.execute("UPDATE outbox SET state = 'cancelled' WHERE state = 'queued'")
    await room.escalate(tickets, "kepala", way="whatsapp")
    await room.deliver()
    assert len(gateway.asked) == 5
    roll_up = (await room.rows(kind="roll_up", state="queued"))[-1]
    assert roll_up["way"] == "whatsapp"
    await room.office.move_clock(timedelta(minutes=61))
    await room.deliver()
    assert "4 tiket" in str(gateway.asked[-1].body)


async def test_an_address_that_a_rung_names_gets_no_personal_data_and_no_acting_link(room: Room) -> None:
    filed = await room.office.file()
    await room.miss_dates([filed.ticket_id])
    await room.put(
        kind="rung", recipient="address", address="pengawas@example.go.id", ticket_id=filed.ticket_id,
        params='{"target":"answer","level":3,"breach":true}',
    )  # fmt: skip
    await room.deliver()
    mail = room.postbox.to("pengawas@example.go.id")[-1]
    for part in (mail.text, mail.html):
        assert filed.number in part
        assert "/a/" not in part
        assert "/m/" not in part
        assert "Siti" not in part
        assert filed.tracking_code not in part
