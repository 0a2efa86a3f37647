"""Filing: one statement, once per key, nothing half written, nothing told that is not stored (D6, D7, I1, I2)."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest

from complaints_service.database import SYSTEM, Database
from complaints_service.errors import Invalid, KeyReused
from complaints_service.intake.complaint_form import ComplaintBody, to_complaint
from complaints_service.intake.service import Intake
from complaints_service.tickets import commands as c
from complaints_service.tickets.filed import Filed, FilingKey
from complaints_service.tickets.filing import Filings
from complaints_service.tickets.model import Channel, Complaint, Privacy
from complaints_service.wiring import open_services
from tests.office import TheOffice, a_complaint
from tests.servers import Running, on_database
from tests.service.outbox_room import a_room

FILED_TABLES = (
    "ticket", "ticket_event", "complaint_text", "reporter", "deadline", "sla_timer", "outbox", "idempotency_key",
)  # fmt: skip


@pytest.fixture
async def admin(running: Running) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the tables, who sees every row of this worker's database."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    connection = await asyncpg.connect(on_database(running.admin_url, name))
    yield connection
    await connection.close()


async def file_as(office: TheOffice, complaint: Complaint, key: str) -> Filed:
    raw = msgspec.json.encode(complaint)
    return await office.services.intake.file_complaint(await office.office(), complaint, FilingKey("test", key, raw))


async def assignee_of(office: TheOffice, filed: Filed) -> int | None:
    return (await office.file_of(filed.number)).ticket.assignee_id


async def rows_of(admin: asyncpg.Connection) -> dict[str, int]:
    return {table: await admin.fetchval(f"SELECT count(*) FROM {table}") for table in FILED_TABLES}  # noqa: S608


async def test_fifty_at_once_with_one_key_are_one_ticket_with_one_answer(
    the_office: TheOffice, admin: asyncpg.Connection
) -> None:
    before, key = await rows_of(admin), str(uuid.uuid4())
    answers = await asyncio.gather(*(the_office.file(key) for _ in range(50)))
    assert len({(a.ticket_id, a.number, a.tracking_code, a.received_at, a.deadlines) for a in answers}) == 1
    assert [answer.replayed for answer in answers].count(False) == 1
    after = await rows_of(admin)
    assert after["ticket"] == before["ticket"] + 1
    assert after["idempotency_key"] == before["idempotency_key"] + 1
    assert after["outbox"] == before["outbox"] + 1


async def test_of_many_bodies_under_one_key_one_is_filed_and_the_others_are_told(
    the_office: TheOffice, admin: asyncpg.Connection
) -> None:
    before, key = await rows_of(admin), str(uuid.uuid4())
    outcomes = await asyncio.gather(
        *(the_office.file(key, description=f"Antrean nomor {n} tidak pernah dipanggil.") for n in range(20)),
        return_exceptions=True,
    )
    filed = [outcome for outcome in outcomes if isinstance(outcome, Filed)]
    assert len(filed) == 1
    assert all(isinstance(outcome, Filed | KeyReused) for outcome in outcomes)
    assert (await rows_of(admin))["ticket"] == before["ticket"] + 1


async def test_the_first_answer_comes_again_whatever_has_happened_since(the_office: TheOffice) -> None:
    key = str(uuid.uuid4())
    first = await the_office.file(key)
    await the_office.act(first.number, c.Verify(), "petugas")
    again = await the_office.file(key)
    assert msgspec.structs.replace(again, replayed=False) == first


async def test_filing_is_one_statement(the_office: TheOffice) -> None:
    asked: list[str] = []
    office = await the_office.office()
    complaint = a_complaint()
    await the_office.now()
    async with the_office.services.database.pool.acquire() as connection:

        def watch(record: Any) -> None:
            asked.append(record.query)

        connection.add_query_logger(watch)
        only = OneConnection(connection)
        services = the_office.services
        filings = Filings(
            cast("Database", only), services.offices, services.clock, services.keys, services.tickets.reactors
        )
        intake = Intake(filings, services.waker)
        filed = await intake.file_complaint(office, complaint, FilingKey("test", str(uuid.uuid4()), b"{}"))
        connection.remove_query_logger(watch)
    assert filed.number
    assert len(asked) == 1
    assert "INSERT INTO ticket" in asked[0]


class OneConnection:
    """A database of one connection that is watched."""

    def __init__(self, connection: object) -> None:
        self._connection = connection

    def connection(self) -> OneConnection:
        return self

    async def __aenter__(self) -> object:
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        """It is given back by who acquired it."""


async def test_rows_of_the_office_that_changed_meanwhile_are_read_again(
    the_office: TheOffice, admin: asyncpg.Connection
) -> None:
    stale = await the_office.office()
    await admin.execute("UPDATE routing_rule SET name = name")
    complaint = a_complaint()
    filed = await the_office.services.intake.file_complaint(
        stale, complaint, FilingKey("test", str(uuid.uuid4()), b"{}")
    )
    assert filed.number
    assert (await the_office.office()).config_version > stale.config_version


async def test_a_rule_that_was_added_a_moment_ago_already_routes(
    the_office: TheOffice, admin: asyncpg.Connection
) -> None:
    await the_office.office()
    await admin.execute(
        "INSERT INTO routing_rule (office_id, id, position, name, words, set_unit_id) SELECT 1, 900, -1, 'Parkir', '{parkirmotor}', id"
        " FROM unit WHERE slug = 'tata-usaha'"
    )
    try:
        filed = await the_office.file(description="Di halaman parkirmotor selalu penuh sejak pagi hari.")
        assert filed.unit_name == "Subbagian Tata Usaha"
    finally:
        await admin.execute("DELETE FROM routing_rule WHERE id = 900")


@pytest.mark.parametrize("wrong_by", [timedelta(hours=-1), timedelta(days=1), timedelta(days=800)])
async def test_a_process_whose_clock_is_wrong_files_by_the_databases(
    the_office: TheOffice, admin: asyncpg.Connection, wrong_by: timedelta
) -> None:
    now = await the_office.now()
    the_office.services.clock.set(now + wrong_by)
    filed = await the_office.file()
    truth = await admin.fetchval("SELECT office_now()")
    assert abs(filed.received_at - truth) < timedelta(minutes=1)
    assert abs(the_office.services.clock.now() - truth) < timedelta(minutes=1)


async def test_an_anonymous_complaint_stores_nobody(the_office: TheOffice, admin: asyncpg.Connection) -> None:
    office = await the_office.office()
    body = ComplaintBody(description="Petugas loket dua meminta uang.", privacy=Privacy.ANONYMOUS)
    complaint = to_complaint(body, office, Channel.WEB, now=await the_office.now())
    filed = await file_as(the_office, complaint, str(uuid.uuid4()))
    assert await admin.fetchval("SELECT count(*) FROM reporter WHERE ticket_id = $1", filed.ticket_id) == 0
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE ticket_id = $1", filed.ticket_id) == 0
    named = msgspec.json.decode(
        b'{"description":"Petugas loket dua meminta uang.","privacy":"anonymous","reporter":{"name":"Siti"}}',
        type=ComplaintBody,
    )
    with pytest.raises(Invalid) as refused:
        to_complaint(named, office, Channel.WEB, now=await the_office.now())
    assert [problem.code for problem in refused.value.problems] == ["anonymous_with_identity"]


async def test_the_number_carries_the_year_of_receipt_in_the_offices_zone(the_office: TheOffice) -> None:
    first = await the_office.file()
    now = await the_office.now()
    zone = ZoneInfo((await the_office.office()).time_zone)
    local_year = now.astimezone(zone).year
    new_year = datetime(local_year, 1, 1, tzinfo=zone)
    assert first.number == f"LT-{local_year}-{first.ticket_id:06d}"
    # Half past midnight on the first of January in Lampung is still the old year in UTC.
    late = await the_office.file(received_at=(new_year + timedelta(minutes=30)).astimezone(UTC), channel=Channel.LETTER)
    early = await the_office.file(
        received_at=(new_year - timedelta(minutes=30)).astimezone(UTC), channel=Channel.LETTER
    )
    assert late.number.startswith(f"LT-{local_year}-")
    assert early.number.startswith(f"LT-{local_year - 1}-")
    assert first.ticket_id < late.ticket_id < early.ticket_id, "one sequence, never reset"


async def test_the_millionth_ticket_has_a_number_of_its_own(running: Running, tmp_path: Path) -> None:
    async with a_room(running, tmp_path) as room:
        hundred_thousandth = (await room.admin.fetchval("SELECT setval('ticket_number_1', 99999)")) + 1
        first = await room.office.file()
        assert first.ticket_id == hundred_thousandth
        await room.admin.execute("SELECT setval('ticket_number_1', 999999)")
        later = [await room.office.file() for _ in range(3)]
        assert [one.number.rpartition("-")[2] for one in later] == ["1000000", "1000001", "1000002"]
        assert (await room.office.file_of(later[0].number)).ticket.id == 1_000_000


@pytest.mark.parametrize("table", ["outbox", "sla_timer", "ticket_event", "deadline", "reporter", "complaint_text"])
async def test_when_any_part_cannot_be_written_nothing_is(
    the_office: TheOffice, admin: asyncpg.Connection, table: str
) -> None:
    before, key = await rows_of(admin), str(uuid.uuid4())
    await admin.execute(
        "CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'P0001'; END $$"
    )
    await admin.execute(f"CREATE TRIGGER refuses AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_row()")
    try:
        with pytest.raises(asyncpg.RaiseError):
            await the_office.file(key)
    finally:
        await admin.execute(f"DROP TRIGGER refuses ON {table}")
        await admin.execute("DROP FUNCTION refuse_row()")
    assert await rows_of(admin) == before
    assert not (await the_office.file(key)).replayed, "the key is still free"


async def test_code_and_key_stand_nowhere_in_the_database(the_office: TheOffice, admin: asyncpg.Connection) -> None:
    key = f"kunci-{uuid.uuid4()}"
    filed = await the_office.file(key)
    await the_office.act(filed.number, c.Verify(), "petugas")
    code = filed.tracking_code
    tables = await admin.fetch(
        "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    assert len(tables) > 20
    for secret in (code, code.replace("-", ""), key):
        for written in (secret, secret.encode().hex()):
            holding = [
                table["name"]
                for table in tables
                if await admin.fetchval(
                    f'SELECT count(*) FROM "{table["name"]}" AS r WHERE row_to_json(r)::text ILIKE $1',  # noqa: S608
                    f"%{written}%",
                )
            ]
            assert holding == [], written


async def test_the_one_with_the_least_open_work_gets_it(the_office: TheOffice, admin: asyncpg.Connection) -> None:
    unit = await admin.fetchval("SELECT id FROM unit WHERE slug = 'intaltuskim'")
    await admin.execute(
        "INSERT INTO person (office_id, id, username, name, role, unit_id, password_hash)"
        " SELECT 1, 901, 'petugas9', 'Putri', 'officer', $1, password_hash FROM person WHERE username = 'petugas2'",
        unit,
    )
    await admin.execute(
        "INSERT INTO person_unit (office_id, person_id, unit_id) VALUES (1, 901, $1) ON CONFLICT DO NOTHING", unit
    )
    await admin.execute(
        "UPDATE ticket SET assignee_id = NULL WHERE assignee_id = (SELECT id FROM person WHERE username = 'petugas2')"
    )
    try:
        usual = await the_office.person("petugas2")
        for _ in range(3):  # so much is open with petugas2 before the colleague comes
            filed = await the_office.file(service="paspor-baru")
            await admin.execute("UPDATE ticket SET assignee_id = $1 WHERE id = $2", usual.id, filed.ticket_id)
        holders = [await assignee_of(the_office, await the_office.file(service="itas")) for _ in range(6)]
        assert holders == [901, 901, 901, usual.id, 901, usual.id], "the new colleague catches up, then they take turns"
        now = await the_office.now()
        await admin.execute(
            "INSERT INTO absence (office_id, person_id, starts_at, ends_at) VALUES (1, 901, $1, $2)",
            now - timedelta(days=1),
            now + timedelta(days=1),
        )
        away = [await assignee_of(the_office, await the_office.file(service="itas")) for _ in range(3)]
        assert away == [usual.id] * 3, "who is absent gets nothing, however little is open"
    finally:
        await admin.execute("DELETE FROM absence WHERE person_id = 901")
        await admin.execute("UPDATE ticket SET assignee_id = NULL WHERE assignee_id = 901")
        await admin.execute("DELETE FROM person_unit WHERE person_id = 901")
        await admin.execute("DELETE FROM person WHERE id = 901")


@pytest.mark.parametrize("unit", ["lantaskim", "intaltuskim", "unit-pengaduan", "tata-usaha", "kantor"])
async def test_a_reported_unit_never_receives_its_own_case(the_office: TheOffice, unit: str) -> None:
    office = await the_office.office()
    reported = next(u for u in office.units.values() if u.slug == unit)
    for service in ("paspor-baru", "itas", "fasilitas-kantor", None):
        filed = await the_office.file(service=service, category=None, reported_unit=unit)
        ticket = (await the_office.file_of(filed.number)).ticket
        assert ticket.unit_id != reported.id
        assert reported.id in ticket.reported_units
        if ticket.assignee_id is not None:
            assert reported.id not in office.people[ticket.assignee_id].works_in


@pytest.mark.parametrize("username", ["petugas", "petugas2", "atasan", "kepala"])
async def test_a_reported_person_never_receives_the_case_and_never_a_word_of_it(
    the_office: TheOffice, username: str
) -> None:
    person = await the_office.person(username)
    filed = await the_office.file(service="itas", category=None, reported_person=person.name)
    ticket = (await the_office.file_of(filed.number)).ticket
    assert person.id in ticket.reported_people
    assert ticket.assignee_id != person.id
    assert ticket.unit_id not in person.works_in | {person.unit_id}
    assert person.id not in [row["person_id"] for row in await the_office.outbox(filed.number)]
    answer = next(d for d in filed.deadlines if d.target == "answer")
    await the_office.move_clock_to(answer.due_at + timedelta(days=40))
    await the_office.fire()
    rows = await the_office.outbox(filed.number)
    assert [row for row in rows if row["kind"] == "rung"], "the ladder climbed"
    assert person.id not in [row["person_id"] for row in rows]


async def test_the_timeline_says_which_rule_placed_it_and_why(the_office: TheOffice) -> None:
    filed = await the_office.file(description="Diminta uang rokok supaya cepat selesai.", category=None)
    event = (await the_office.file_of(filed.number)).events[0]
    assert event.values()["rule_name"] == "Dugaan pungli dalam uraian ditangani Unit Pengaduan"
    assert "uang rokok" in json.dumps(event.values()["why"])


async def test_two_processes_file_side_by_side_under_one_key(the_office: TheOffice) -> None:
    other = TheOffice(await open_services(the_office.services.settings, hints=False), the_office.passwords)
    try:
        key = str(uuid.uuid4())
        answers = await asyncio.gather(*(office.file(key) for _ in range(10) for office in (the_office, other)))
        assert len({answer.number for answer in answers}) == 1
        async with the_office.services.database.transaction(SYSTEM) as connection:
            filed = await connection.fetchval(
                "SELECT count(*) FROM ticket_event WHERE ticket_id = $1 AND type = 'filed'", answers[0].ticket_id
            )
        assert filed == 1
    finally:
        await other.services.close()
