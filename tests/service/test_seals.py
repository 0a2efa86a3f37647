"""The daily seal: it leaves by mail once, can be made again later, and shows a log that was rewritten."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import asyncpg

from complaints_service.database import SYSTEM, queries
from complaints_service.tickets import commands as c
from tests.office import TheOffice
from tests.servers import Running, on_database
from tests.service.outbox_room import a_room


async def test_a_day_is_sealed_once_and_the_seal_is_mailed_to_the_administrators(the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.move_clock(timedelta(days=1))
    services = the_office.services
    assert await services.notifications.make_seals() == 1
    assert await services.notifications.make_seals() == 0
    async with services.database.transaction(SYSTEM) as connection:
        mails = await connection.fetch("SELECT * FROM outbox WHERE kind = 'seal'")
        seal = await connection.fetchrow("SELECT * FROM chain_root ORDER BY day DESC LIMIT 1")
    admin = await the_office.person("admin")
    assert [mail["person_id"] for mail in mails][-1] == admin.id
    assert seal["root"].hex() in mails[-1]["params"]
    assert filed.ticket_id > 0


async def test_a_seal_still_holds_after_later_events_and_breaks_when_an_old_one_is_rewritten(
    the_office: TheOffice, running: Running, database_url: str
) -> None:
    filed = await the_office.file()
    await the_office.move_clock(timedelta(days=1))
    services = the_office.services
    assert await services.notifications.make_seals() == 1
    await the_office.act(filed.number, c.Verify(), "petugas")
    assert await services.notifications.broken_seals(1) == []
    admin = await asyncpg.connect(on_database(running.admin_url, database_url.split("?")[0].rsplit("/", 1)[-1]))
    try:
        hashed = await admin.fetchval("SELECT hash FROM ticket_event WHERE ticket_id = $1 AND seq = 1", filed.ticket_id)
        rewrite = "UPDATE ticket_event SET hash = $2 WHERE ticket_id = $1 AND seq = 1"
        await admin.execute(rewrite, filed.ticket_id, b"\0" * 32)
        assert len(await services.notifications.broken_seals(1)) == 1
        await admin.execute(rewrite, filed.ticket_id, hashed)
    finally:
        await admin.close()
    assert await services.notifications.broken_seals(1) == []


async def test_each_seal_covers_its_own_days_and_the_one_before_so_a_rewritten_event_breaks_just_its_own(
    running: Running, tmp_path: Path
) -> None:
    async with a_room(running, tmp_path) as room:
        make = room.services.notifications.make_seals
        first = await room.office.file()
        await room.office.move_clock(timedelta(days=1))
        assert await make() == 1
        second = await room.office.file()
        await room.office.act(first.number, c.Verify(), "petugas")
        await room.office.move_clock(timedelta(days=3))
        assert await make() == 1, "days on which nobody sealed belong to the next"
        await room.office.move_clock(timedelta(days=1))
        assert await make() == 1, "a quiet day is sealed as well"
        seals = await room.admin.fetch("SELECT day, since, cutoff, tickets FROM chain_root ORDER BY day")
        assert [seal["tickets"] for seal in seals] == [1, 2, 0]
        assert [seal["since"] for seal in seals] == [None, *(seal["cutoff"] for seal in seals[:-1])]
        days = [seal["day"] for seal in seals]

        async def broken_by(damage: str, ticket_id: int) -> list[date]:
            change = room.admin.transaction()
            await change.start()
            await room.admin.execute(damage, ticket_id)
            every = queries("seals").broken_seals(room.admin, office_id=1, first=days[0], last=days[-1])
            found = [row["day"] async for row in every]
            await change.rollback()
            return found

        rewritten = "UPDATE ticket_event SET hash = sha256(hash) WHERE ticket_id = $1 AND seq = "
        assert await broken_by(rewritten + "1", first.ticket_id) == days[:1]
        assert await broken_by(rewritten + "2", first.ticket_id) == days[1:2]
        assert await broken_by("DELETE FROM ticket_event WHERE ticket_id = $1", second.ticket_id) == days[1:2]
        late = "UPDATE ticket_event SET at = at + interval '3 days' WHERE ticket_id = $1"
        assert days[1] in await broken_by(late, second.ticket_id)


async def test_the_mail_says_the_seal_and_nothing_personal(the_office: TheOffice) -> None:
    from complaints_service.notifications.rendering import Renderer

    email = Renderer().email(
        "seal",
        {
            "office": await the_office.office(),
            "at": await the_office.now(),
            "url": "http://127.0.0.1/admin",
            "base_url": "http://127.0.0.1",
            "person": None,
            "events": [],
            "params": {"day": "2026-11-24", "tickets": 417, "root": "ab" * 32},
        },
        "id",
        "Asia/Jakarta",
    )
    assert "ab" * 32 in email.text
    assert "417" in email.subject
