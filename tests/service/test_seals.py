"""The daily seal: it leaves by mail once, can be made again later, and shows a log that was rewritten."""

from __future__ import annotations

from datetime import timedelta

import asyncpg

from complaints_service.database import SYSTEM
from complaints_service.tickets import commands as c
from tests.office import TheOffice
from tests.servers import Running, on_database


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
