"""`complaints doctor`: silent when all is well, and every broken promise is named with its row."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from complaints_service import doctor, doctor_audit
from complaints_service.database import SYSTEM, queries
from complaints_service.doctor import Health, examine
from complaints_service.doctor_chain import Suspects
from complaints_service.tickets import commands as c
from tests.servers import Running, on_database, test_settings
from tests.service.outbox_room import Room, a_room


@pytest.fixture
async def room(running: Running, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path) as opened:
        yield opened


async def health_of(room: Room, check: str) -> Health:
    report = await examine(room.services.settings)
    return next(finding.health for finding in report.findings if finding.check == check)


async def broken(room: Room) -> list[tuple[str, str]]:
    report = await examine(room.services.settings, with_audit=True)
    assert report.audited
    return [(violation.invariant, violation.row) for violation in report.violations]


async def a_used_office(room: Room) -> str:
    """A ticket with a life behind it, another that is fresh; returns the number of the first."""
    number = (await room.office.file()).number
    await room.office.act(number, c.Verify(), "petugas")
    await room.office.act(number, c.Start(), "petugas")
    asked = await room.office.act(number, c.Ask(text="Mohon nomor berkas Anda"), "petugas")
    await room.office.act(number, c.Undo(event=asked.events[0].seq), "petugas")
    await room.office.act(number, c.Answer(text="Paspor Anda sudah dapat diambil.", resolves=True), "petugas")
    await room.office.move_clock(timedelta(days=20))
    await room.office.fire()
    await room.office.act(number, c.Reopen(reason="Belum dapat diambil ternyata."), "atasan")
    await room.office.file(privacy="anonymous", reporter_name=None, reporter_phone=None, reporter_email=None)
    await room.deliver()
    return number


async def test_an_office_at_work_is_well_and_nothing_is_broken(running: Running, room: Room) -> None:
    await a_used_office(room)
    with_valkey = msgspec.structs.replace(room.services.settings, redis_url=running.redis_url)
    report = await examine(with_valkey, with_audit=True)
    assert report.violations == []
    assert {finding.check: finding.health for finding in report.findings} == {
        "settings": Health.WARNING,
        "postgresql": Health.OK,
        "migrations": Health.OK,
        "role": Health.OK,
        "clock": Health.WARNING,
        "holidays": Health.OK,
        "worker": Health.WARNING,
        "sending": Health.OK,
        "valkey": Health.OK,
        "mail": Health.OK,
        "front-end parts": report.findings[-1].health,
    }


# What somebody with the owner's rights could do to one ticket ($1), and the invariant that tells.
DAMAGES = (
    ("I1", "DELETE FROM deadline WHERE ticket_id = $1"),
    ("I2", "UPDATE ticket_event SET type = 'filed' WHERE ticket_id = $1 AND seq = 2"),
    ("I7", "DELETE FROM ticket_event WHERE ticket_id = $1 AND seq = 2"),
    ("I7", "UPDATE ticket_event SET body = replace(body, 'verified', 'answered') WHERE ticket_id = $1 AND seq = 2"),
    ("I7", "UPDATE ticket SET status = 'closed' WHERE id = $1"),
    ("I7", "UPDATE ticket SET chain_head = chain_seed WHERE id = $1"),
    ("I7", "UPDATE message SET text = 'Paspor Anda ditolak.' WHERE ticket_id = $1 AND sender = 'office'"),
    ("I7", "UPDATE complaint_text SET description = 'Pelayanan sangat memuaskan.' WHERE ticket_id = $1"),
    ("I7", "UPDATE reporter SET phone = '+6281100000000' WHERE ticket_id = $1"),
    ("I12", "UPDATE sla_timer SET state = 'called_off' WHERE ticket_id = $1 AND state = 'armed'"),
    ("I6", "UPDATE sla_timer SET state = 'fired', fired_at = due_at - interval '1 s' WHERE ticket_id = $1"),
    ("I6", "UPDATE sla_timer SET due_at = '2021-01-01' WHERE ticket_id = $1 AND state = 'armed'"),
    ("I7", "UPDATE ticket_event SET at = at + interval '1 microsecond' WHERE ticket_id = $1 AND seq = 3"),
    ("I7", "DELETE FROM message WHERE ticket_id = $1 AND sender = 'office'"),
    ("I7", "DELETE FROM complaint_text WHERE ticket_id = $1"),
    ("I8", "UPDATE ticket SET reported_people = ARRAY[assignee_id] WHERE id = $1"),
    ("I8", "UPDATE ticket SET assignee_id = 424242 WHERE id = $1"),
    ("I9", "UPDATE ticket_event SET body = replace(body, '{', '{\"a\":\"' || (SELECT email FROM reporter WHERE ticket_id = $1) || '\",')"
           " WHERE ticket_id = $1 AND seq = 2"),
    ("I3", "INSERT INTO outbox (office_id, ticket_id, event_seq, dedupe_key, kind, way, recipient, created_at, released_at, message_id)"
           " VALUES (1, $1, 1, 'again', 'receipt', 'email', 'reporter', office_now(), office_now(), '<again>')"),
)  # fmt: skip


async def test_the_server_writes_texts_as_json_exactly_as_the_chain_does(room: Room) -> None:
    """Else the audit would look closely at every ticket, or worse, accept what the chain does not hold."""
    texts = [chr(point) for point in range(1, 0x3000) if not 0xD800 <= point < 0xE000]
    texts += ['"\\/\b\f\n\r\t\x7f</script>', "😀 \u2028\u2029 \u202e", "", "Paspor Anda"]
    rows = await room.admin.fetch(
        "SELECT to_json(t)::text AS json FROM unnest($1::text[]) WITH ORDINALITY AS u (t, n) ORDER BY n", texts
    )
    assert [row["json"] for row in rows] == [msgspec.json.encode(text).decode() for text in texts]


async def test_a_whole_office_gives_the_closer_look_nothing_to_do(room: Room) -> None:
    await a_used_office(room)
    async with room.services.database.transaction(SYSTEM) as connection:
        last = await connection.fetchval("SELECT max(id) FROM ticket")
        suspected = [
            row["id"]
            async for row in queries("doctor").suspects(
                connection, office_id=1, first=1, last=last, types=["verified"], moves=["verified received verified"]
            )
        ]
    assert suspected == []


@pytest.mark.parametrize("span", [doctor_audit.SPAN, 2])
async def test_every_rewritten_row_is_found_and_its_ticket_named(
    room: Room, monkeypatch: pytest.MonkeyPatch, span: int
) -> None:
    """In one span of tickets, and in many whose borders lie between them."""
    monkeypatch.setattr(doctor_audit, "SPAN", span)
    whole = await a_used_office(room)
    numbers: list[tuple[str, str]] = []
    for invariant, damage in DAMAGES:
        filed = await room.office.file()
        await room.office.act(filed.number, c.Verify(), "petugas")
        await room.office.act(filed.number, c.Start(), "petugas")
        await room.office.act(filed.number, c.Answer(text="Mohon menunggu tiga hari.", resolves=False), "petugas")
        await room.admin.execute(damage, filed.ticket_id)
        numbers.append((invariant, filed.number))
    await room.admin.execute("UPDATE clock_shift SET moved_at = '2020-01-01'")
    found = await broken(room)
    assert [pair for pair in numbers if pair not in found] == []
    assert whole not in [row for _, row in found]


async def test_two_messages_under_one_name_are_found_whatever_it_looks_like(room: Room) -> None:
    """The audit looks at Message-IDs in shares: none lies outside of them, nor between two."""
    names = ("<one@example.org>", "<4", "<8", "<c", "", "0", "zz", "<3fff@example.org>", "\U0010ffff")
    for _ in names:
        await room.office.file()
        await room.office.file()
    pairs = [row["id"] for row in await room.rows()]
    assert len(pairs) == 2 * len(names)
    for name, first, second in zip(names, pairs[::2], pairs[1::2], strict=True):
        await room.admin.execute("UPDATE outbox SET message_id = $1 WHERE id = ANY($2)", name, [first, second])
    assert sorted(await broken(room)) == sorted(("I5", f"outbox {first}") for first in pairs[::2])


async def test_each_broken_seal_is_named_in_whatever_part_of_the_days_it_lies(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_audit, "SEALS", 2)
    for _ in range(5):
        await room.office.file()
        await room.office.move_clock(timedelta(days=1))
        while await room.office.fire():  # what is left due for long is a finding of its own
            pass
        assert await room.services.notifications.make_seals() == 1
    days = [row["day"] for row in await room.admin.fetch("SELECT day FROM chain_root ORDER BY day")]
    assert await broken(room) == []
    await room.admin.execute(
        "UPDATE ticket_event SET hash = sha256(hash); UPDATE ticket SET chain_head = sha256(chain_head)"
    )
    assert [row for invariant, row in await broken(room) if invariant == "I7" and row.startswith("seal")] == [
        f"seal of {day}" for day in days
    ]


async def test_whatever_the_audit_asks_it_can_write_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    filed = await room.office.file()

    async def rewrite(connection: asyncpg.Connection, *_: object) -> Suspects:
        await connection.execute("UPDATE ticket SET level = 9")
        return Suspects()

    monkeypatch.setattr(doctor_audit, "suspects", rewrite)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await examine(room.services.settings, with_audit=True)
    assert await room.admin.fetchval("SELECT level FROM ticket WHERE id = $1", filed.ticket_id) == 0


async def test_a_message_that_comes_to_no_end_is_found(room: Room) -> None:
    for _ in range(4):
        await room.office.file()
    ids = [row["id"] for row in await room.rows()]
    damages = (
        "UPDATE outbox SET state = 'dead' WHERE id = $1",
        "UPDATE outbox SET state = 'absorbed', absorbed_by = 424242 WHERE id = $1",
        "UPDATE outbox SET state = 'sending', lease_until = clock_timestamp() - interval '1 hour' WHERE id = $1",
        "UPDATE outbox SET released_at = '2021-01-01', next_try_at = '2021-01-01' WHERE id = $1",
    )
    for damage, row in zip(damages, ids, strict=True):
        await room.admin.execute(damage, row)
    await room.admin.execute("UPDATE clock_shift SET moved_at = '2020-01-01'")
    assert sorted(await broken(room)) == sorted(("I4", f"outbox {row}") for row in ids)


async def test_what_only_a_row_of_another_table_shows_is_found_too(room: Room) -> None:
    filed = await room.office.file()
    await room.office.file()
    receipts = [row["id"] for row in await room.rows()]
    for damage in (
        "UPDATE outbox SET uncertain = 4 WHERE id = (SELECT min(id) FROM outbox)",
        "UPDATE outbox SET message_id = '<one@example.org>'",
        "UPDATE outbox SET state = 'sent', sent_at = now(), person_id = 3 WHERE id = (SELECT max(id) FROM outbox)",
        "UPDATE ticket SET reported_people = '{3}' WHERE id = (SELECT max(id) FROM ticket)",
        "UPDATE complaint_text SET erased_at = now() WHERE ticket_id = (SELECT min(id) FROM ticket)",
        "UPDATE outbox SET params = (SELECT json_build_object('a', email) FROM reporter LIMIT 1) WHERE id = (SELECT min(id) FROM outbox)",
        "INSERT INTO signin_failure (account_key, address_key, at) VALUES ('a', 'b', now() - interval '1 week')",
        "ALTER TABLE deadline NO FORCE ROW LEVEL SECURITY",
    ):
        await room.admin.execute(damage)
    found = set(await broken(room))
    first, last = f"outbox {min(receipts)}", f"outbox {max(receipts)}"
    assert {
        ("I5", first),
        ("I8", last),
        ("I8", "table deadline"),
        ("I9", first),
        ("I11", "table signin_failure"),
    } <= found
    assert ("I9", f"ticket id {filed.ticket_id}") in found
    report = await examine(room.services.settings, with_audit=True)
    assert all(violation.advice for violation in report.violations)


async def test_an_answer_for_a_ticket_that_is_gone_is_found(room: Room) -> None:
    await room.office.file()
    await room.admin.execute("UPDATE idempotency_key SET ticket_id = 424242")
    assert await broken(room) == [("I1", "key of ticket id 424242")]


async def test_words_erased_under_the_law_leave_the_chain_whole(room: Room) -> None:
    await a_used_office(room)
    await room.admin.execute(
        "UPDATE complaint_text SET subject = '', description = '', location = NULL, erased_at = office_now();"
        " UPDATE reporter SET name = NULL, phone = NULL, email = NULL, erased_at = office_now();"
        " UPDATE message SET text = '', erased_at = office_now()"
    )
    assert await broken(room) == []


async def test_what_an_administrator_must_put_right_is_said(running: Running, room: Room) -> None:
    bound = room.services.settings
    name = await room.admin.fetchval("SELECT current_database()")
    unbound = msgspec.structs.replace(bound, database_url=on_database(running.admin_url, name))
    findings = {finding.check: finding for finding in (await examine(unbound)).findings}
    assert findings["role"].health is Health.BROKEN
    assert await health_of(room, "role") is Health.OK
    await room.admin.execute("ALTER TABLE message NO FORCE ROW LEVEL SECURITY")
    assert await health_of(room, "role") is Health.BROKEN
    await room.admin.execute("UPDATE calendar SET confirmed_through = office_now()::date + 10")
    assert await health_of(room, "holidays") is Health.WARNING
    await room.admin.execute("DELETE FROM _pogo_migration WHERE migration_id LIKE '0007%'")
    report = await examine(bound, with_audit=True)
    assert {"migrations", "audit"} <= {found.check for found in report.findings if found.health is Health.BROKEN}
    assert not report.well
    assert report.audited == []


async def test_servers_that_are_away_are_findings(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    nowhere = f"127.0.0.1:{port}"
    settings = test_settings(
        tmp_path, f"postgresql://a@{nowhere}/a", f"redis://{nowhere}", smtp_url=f"smtp://{nowhere}"
    )
    report = await examine(settings)
    health = {finding.check: finding.health for finding in report.findings}
    assert (health["postgresql"], health["valkey"], health["mail"]) == (Health.BROKEN, Health.WARNING, Health.BROKEN)


def test_the_command_prints_for_people_and_machines_and_exits_1_when_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = test_settings(tmp_path, "postgresql://a@127.0.0.1:1/a", None, smtp_url="smtp://127.0.0.1:1")
    assert doctor.run(settings, ["--json", "--audit"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["well"] is False
    assert doctor.run(settings, []) == 1
    assert "broken   postgresql: cannot be reached" in capsys.readouterr().out
    with pytest.raises(SystemExit) as wrong:
        doctor.run(settings, ["--nothing"])
    assert wrong.value.code == 2
