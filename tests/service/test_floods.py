"""Many promises broken at one moment: every rung stands in its timeline, nobody's mailbox is buried."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.servers import Running
from tests.service.outbox_room import Room, a_room

MANY = 40


@pytest.fixture
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("floods")) as opened:
        yield opened


async def test_every_breach_is_written_and_each_person_gets_five_mails_and_one_list(room: Room) -> None:
    tickets = [ticket_id for ticket_id, _ in await room.file_many(MANY)]
    due = await room.admin.fetchval(
        "SELECT max(due_at) FROM deadline WHERE target = 'verify' AND ticket_id = ANY ($1)", tickets
    )
    await room.office.move_clock_to(due.replace(minute=2) + timedelta(hours=2))
    await room.office.fire()
    breaches = await room.admin.fetch(
        "SELECT ticket_id FROM ticket_event WHERE type = 'rung_fired' AND body::json ->> 'rung' = 'verify-due'"
        " AND ticket_id = ANY ($1)",
        tickets,
    )
    assert Counter(row["ticket_id"] for row in breaches) == dict.fromkeys(tickets, 1)
    await room.deliver()
    mails = Counter(
        mail.to[0] for mail in room.postbox.taken if "[Eskalasi" in mail.subject or "[Pengingat" in mail.subject
    )
    assert mails
    assert set(mails.values()) == {5}
    await room.office.move_clock(timedelta(minutes=61))
    await room.deliver()
    lists = [mail for mail in room.postbox.taken if "tiket memerlukan Anda" in mail.subject]
    assert Counter(mail.to[0] for mail in lists) == dict.fromkeys(mails, 1)
    for mail in lists:
        assert f"{MANY - 5} tiket" in mail.subject
        assert "[Eskalasi 1]" in mail.subject
        assert mail.text.count("/desk/t/") + mail.html.count("/desk/t/") > 20
    escalations = await room.admin.fetch("SELECT state FROM outbox WHERE escalation AND ticket_id = ANY ($1)", tickets)
    assert {row["state"] for row in escalations} == {"sent", "absorbed"}
