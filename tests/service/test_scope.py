"""Nothing outside the caller's units, not even that it exists (D7, I8): by the API, and by the second wall in the database."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import asyncpg
import httpx
import msgspec
import pytest

from complaints_service.database import SYSTEM, Database, Scope
from complaints_service.settings import Settings
from complaints_service.tickets import commands as c
from complaints_service.tickets.file import QueueFilters
from complaints_service.tickets.filed import Filed
from complaints_service.tickets.model import Privacy
from complaints_service.tickets.reading import TicketReader
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice
from tests.servers import Running, on_database

WALLED = ("ticket_event", "complaint_text", "reporter", "message", "deadline", "sla_timer", "rating", "outbox")


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[object]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def petugas2(app: object, the_office: TheOffice) -> AsyncIterator[httpx.AsyncClient]:
    """The officer of Intaltuskim, signed in."""
    async with client_of(app) as client:
        await sign_in(client, the_office, "petugas2")
        yield client


@pytest.fixture
async def admin(running: Running) -> AsyncIterator[asyncpg.Connection]:
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    connection = await asyncpg.connect(on_database(running.admin_url, name))
    yield connection
    await connection.close()


async def sign_in(client: httpx.AsyncClient, office: TheOffice, username: str) -> None:
    given = {"username": username, "password": office.passwords[username]}
    answer = await client.post("/api/v1/session", json=given)
    assert answer.status_code == 200
    client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]


async def a_lived_case(office: TheOffice) -> Filed:
    """A case of Lantaskim with messages, a rating and everything that could be seen of it."""
    filed = await office.file(description="Zirkonium: paspor saya belum jadi sejak lama sekali.")
    await office.act(filed.number, c.Verify(), "petugas")
    await office.act(filed.number, c.Start(), "petugas")
    await office.act(filed.number, c.Answer(text="Paspor Anda dapat diambil di loket 3.", resolves=True), "petugas")
    await office.reporter_acts(filed, c.Rate(score=2))
    return filed


async def listed(client: httpx.AsyncClient, query: str = "") -> tuple[list[str], dict[str, int]]:
    answer = await client.get(f"/api/v1/tickets?limit=200&{query}")
    assert answer.status_code == 200, answer.text
    return [item["number"] for item in answer.json()["items"]], answer.json()["counts"]


@pytest.mark.parametrize("query", ["", "order=-received", "q=zirkonium", "service=paspor-baru", "overdue=true"])
async def test_another_units_tickets_are_in_no_list_and_no_count(
    petugas2: httpx.AsyncClient, the_office: TheOffice, query: str
) -> None:
    before = await listed(petugas2, query)
    filed = await a_lived_case(the_office)
    after = await listed(petugas2, query)
    assert filed.number not in after[0]
    assert after == before


async def test_the_own_units_search_finds_what_anothers_does_not(app: object, the_office: TheOffice) -> None:
    filed = await a_lived_case(the_office)
    async with client_of(app) as petugas:
        await sign_in(petugas, the_office, "petugas")
        assert filed.number in (await listed(petugas, "q=zirkonium&order=-received"))[0]


@pytest.mark.parametrize("path", ["", "/events", "/deadlines", "/reporter"])
async def test_a_foreign_number_answers_as_one_that_does_not_exist(
    petugas2: httpx.AsyncClient, the_office: TheOffice, path: str
) -> None:
    filed = await a_lived_case(the_office)
    foreign = await petugas2.get(f"/api/v1/tickets/{filed.number}{path}")
    unknown = await petugas2.get(f"/api/v1/tickets/LT-2026-999999{path}")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    told = [{**answer.json(), "instance": "", "trace_id": ""} for answer in (foreign, unknown)]
    assert told[0] == told[1]


COMMANDS = (
    {"command": "verify"},
    {"command": "start"},
    {"command": "note", "text": "Catatan dari seksi lain yang panjang."},
    {"command": "answer", "text": "Jawaban dari seksi lain.", "resolves": True},
    {"command": "assign", "unit": "intaltuskim"},
    {"command": "reopen", "reason": "Dari seksi lain."},
    {"command": "close"},
    {"command": "escalate", "reason": "Dari seksi lain."},
    {"command": "undo", "event": 2},
)


async def test_no_command_reaches_a_foreign_ticket_and_none_tells_of_it(
    petugas2: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await a_lived_case(the_office)
    before = await the_office.file_of(filed.number)
    for number in (filed.number, "LT-2026-999999"):
        for command in COMMANDS:
            answer = await petugas2.post(
                f"/api/v1/tickets/{number}/commands", json=command, headers={"If-Match": f'"{before.ticket.version}"'}
            )
            assert answer.status_code == 404, (number, command, answer.text)
        bulk = await petugas2.post(
            "/api/v1/tickets/bulk",
            json={"tickets": [{"number": number, "version": before.ticket.version}], "command": "close"},
        )
        assert bulk.json()["items"][0]["status"] == 404
        more = await petugas2.post(
            f"/api/v1/tickets/{number}/more-time",
            json={"reason": "Perlu waktu lebih lama.", "working_days": 3},
            headers={"If-Match": '"1"'},
        )
        assert more.status_code == 404
    assert (await the_office.file_of(filed.number)).ticket.seq == before.ticket.seq


async def test_a_case_cannot_be_merged_into_a_foreign_one(petugas2: httpx.AsyncClient, the_office: TheOffice) -> None:
    foreign = await the_office.file()
    own = await the_office.file(service="itas")
    told: list[tuple[int, str, str]] = []
    for into in (foreign.number, "LT-2026-999999"):
        answer = await petugas2.post(
            f"/api/v1/tickets/{own.number}/commands",
            json={"command": "merge", "into": into},
            headers={"If-Match": '"1"'},
        )
        told.append((answer.status_code, answer.json()["code"], answer.json()["detail"]))
    assert told[0] == told[1]
    assert told[0][0] in (404, 409, 422)
    assert (await the_office.file_of(own.number)).ticket.merged_into is None


@pytest.mark.parametrize("page", ["/desk/t/{}", "/desk?q={}"])
async def test_the_desk_shows_nothing_of_it_either(
    petugas2: httpx.AsyncClient, the_office: TheOffice, page: str
) -> None:
    filed = await a_lived_case(the_office)
    answer = await petugas2.get(page.format(filed.number))
    assert "Zirkonium" not in answer.text
    assert answer.status_code == (404 if "/t/" in page else 200)


@pytest.mark.parametrize(
    ("named", "username"),
    [
        ({"reported_unit": "intaltuskim"}, "petugas2"),
        ({"reported_person": "Agus Setiawan"}, "petugas2"),
        ({"reported_unit": "unit-pengaduan"}, "atasan"),
    ],
)  # fmt: skip
async def test_who_is_complained_about_sees_nothing_even_inside_the_own_units(
    app: object, the_office: TheOffice, admin: asyncpg.Connection, named: dict[str, str], username: str
) -> None:
    filed = await the_office.file(
        service="itas", category=None, description="Yttrium: dipersulit terus di loket.", **named
    )
    # Even where the case lies in a unit the person works in.
    person = await the_office.person(username)
    await admin.execute("UPDATE ticket SET unit_id = $1 WHERE id = $2", person.unit_id, filed.ticket_id)
    async with client_of(app) as client:
        await sign_in(client, the_office, username)
        assert (await client.get(f"/api/v1/tickets/{filed.number}")).status_code == 404
        for query in ("q=yttrium&order=-received", "order=-received", ""):
            assert filed.number not in (await listed(client, query))[0]
        refused = await client.post(
            f"/api/v1/tickets/{filed.number}/commands", json={"command": "verify"}, headers={"If-Match": '"1"'}
        )
        assert refused.status_code == 404


async def test_without_a_scope_the_application_role_sees_no_row(services: Services, the_office: TheOffice) -> None:
    await a_lived_case(the_office)
    async with services.database.connection() as connection:
        assert await connection.fetchval("SELECT current_user") == "complaints_app"
        for table in ("ticket", *WALLED):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608


async def test_a_persons_scope_gives_only_rows_of_the_own_units(services: Services, the_office: TheOffice) -> None:
    foreign, own = await a_lived_case(the_office), await the_office.file(service="itas")
    office, person = await the_office.office(), await the_office.person("petugas2")
    scope = Scope.person(office.id, person.id, office.scope_units(person), person.works_in)
    async with services.database.transaction(SYSTEM) as connection:
        for table in WALLED:
            query = f"SELECT count(*) FROM {table} WHERE ticket_id = $1"  # noqa: S608
            assert await connection.fetchval(query, foreign.ticket_id) > 0, f"{table} has nothing that could be hidden"
    async with services.database.transaction(scope) as connection:
        assert await connection.fetchval("SELECT count(*) FROM ticket WHERE id = $1", foreign.ticket_id) == 0
        assert await connection.fetchval("SELECT count(*) FROM ticket WHERE id = $1", own.ticket_id) == 1
        units = {row["unit_id"] for row in await connection.fetch("SELECT DISTINCT unit_id FROM ticket")}
        assert units <= set(office.scope_units(person))
        for table in WALLED:
            query = f"SELECT count(*) FROM {table} WHERE ticket_id = $1"  # noqa: S608
            assert await connection.fetchval(query, foreign.ticket_id) == 0, table
        for table in ("ticket_event", "deadline", "sla_timer", "complaint_text", "reporter"):
            query = f"SELECT count(*) FROM {table} WHERE ticket_id = $1"  # noqa: S608
            assert await connection.fetchval(query, own.ticket_id) > 0, table
        await connection.execute("UPDATE ticket SET priority = 'urgent' WHERE id = $1", foreign.ticket_id)
    assert (await the_office.file_of(foreign.number)).ticket.priority == "normal"


async def test_a_citizens_scope_gives_one_ticket(services: Services, the_office: TheOffice) -> None:
    one, other = await a_lived_case(the_office), await a_lived_case(the_office)
    async with services.database.transaction(Scope.ticket(one.office_id, one.ticket_id)) as connection:
        assert [row["id"] for row in await connection.fetch("SELECT id FROM ticket")] == [one.ticket_id]
        for table in WALLED:
            ids = await connection.fetch(f"SELECT DISTINCT ticket_id FROM {table}")  # noqa: S608
            assert {row["ticket_id"] for row in ids} == {one.ticket_id} != {other.ticket_id}, table


async def test_a_scope_ends_with_its_transaction(services: Services, the_office: TheOffice) -> None:
    await the_office.file()
    async with services.database.pool.acquire() as connection:
        await connection.execute(SYSTEM.sql)
        assert await connection.fetchval("SELECT count(*) FROM ticket") > 0
        await connection.execute("COMMIT")
        assert await connection.fetchval("SELECT count(*) FROM ticket") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ticket",
        "DELETE FROM ticket_event",
        "UPDATE ticket_event SET body = '{}'",
        "UPDATE ticket_event SET hash = ''",
        "UPDATE ticket_event SET at = now()",
        "DELETE FROM complaint_text",
        "DELETE FROM reporter",
        "DELETE FROM message",
        "DELETE FROM deadline",
        "DELETE FROM sla_timer",
        "DELETE FROM cycle",
        "UPDATE cycle SET report = '{}'",
        "DELETE FROM access_log",
        "UPDATE access_log SET person_id = 1",
        "TRUNCATE ticket_event",
        "ALTER TABLE ticket DISABLE ROW LEVEL SECURITY",
        "DROP POLICY ticket_select ON ticket",
        "SET ROLE postgres",
    ],
)
async def test_the_application_role_cannot_rewrite_history(
    services: Services, the_office: TheOffice, statement: str
) -> None:
    await the_office.file()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with services.database.transaction(SYSTEM) as connection:
            await connection.execute(statement)


async def test_not_even_the_owner_changes_a_closed_cycle(
    services: Services, the_office: TheOffice, admin: asyncpg.Connection
) -> None:
    await the_office.file()
    await admin.execute(
        "INSERT INTO cycle (office_id, id, starts_at, ends_at, monthly, closed_at, report, report_digest)"
        " VALUES (1, 9001, '2001-01-01', '2001-02-01', false, '2001-02-01', '{}', '')"
    )
    for statement in ("UPDATE cycle SET report = '[]' WHERE id = 9001", "DELETE FROM cycle WHERE id = 9001"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await admin.execute(statement)
    await admin.execute(
        "SET session_replication_role = replica; DELETE FROM cycle WHERE id = 9001; RESET session_replication_role"
    )


async def test_a_confidential_reporter_is_hidden_from_whoever_has_not_the_right_and_wholly_from_the_unit_named(
    app: object, the_office: TheOffice
) -> None:
    handled = await the_office.file(privacy=Privacy.CONFIDENTIAL)
    named = await the_office.file(privacy=Privacy.CONFIDENTIAL, reported_unit="lantaskim")
    async with client_of(app) as petugas:
        await sign_in(petugas, the_office, "petugas")
        seen = await petugas.get(f"/api/v1/tickets/{handled.number}")
        assert seen.status_code == 200
        page = await petugas.get(f"/desk/t/{handled.number}", headers={"Accept": "text/html"})
        looked = await petugas.get(f"/api/v1/tickets/{handled.number}/reporter")
        for text in (seen.text, page.text, looked.text):
            assert "Siti" not in text
            assert "siti@example.org" not in text
            assert "6281234567890" not in text
        # The unit that is complained about does not even learn that there is a case.
        assert (await petugas.get(f"/api/v1/tickets/{named.number}")).status_code == 404
        assert (await petugas.get(f"/desk/t/{named.number}", headers={"Accept": "text/html"})).status_code == 404
        listed = await petugas.get("/api/v1/tickets", params={"q": named.number})
        assert listed.json()["items"] == []


async def test_the_planner_takes_a_persons_scope_for_many_tickets(
    services: Services, the_office: TheOffice, admin: asyncpg.Connection
) -> None:
    """Taken for one in a hundred, a page of the queue was read by sorting all that is open instead of along its index."""
    await the_office.file()

    async def reckoned(connection: asyncpg.Connection) -> int:
        (plan,) = msgspec.json.decode(await connection.fetchval("EXPLAIN (FORMAT JSON) SELECT 1 FROM ticket"))
        return int(plan["Plan"]["Plan Rows"])

    person, office = await the_office.person("petugas"), await the_office.office()
    scope = Scope.person(1, person.id, office.scope_units(person), person.works_in)
    async with services.database.transaction(scope) as connection:
        seen = await reckoned(connection)
    assert seen >= await reckoned(admin) // 3


async def test_lists_by_filters_are_planned_for_the_filters_that_are_given(
    services: Services, the_office: TheOffice, settings: Settings
) -> None:
    """From the sixth time on PostgreSQL would take one plan for any filters, and that one reads the whole table."""
    person, office = await the_office.person("petugas"), await the_office.office()
    scope = Scope.person(1, person.id, office.scope_units(person), person.works_in)
    one = await Database.open(settings.database_url or "", msgspec.structs.replace(settings, pool_size=1))
    try:
        reader = TicketReader(one, services.clock, services.keys)
        for _ in range(7):
            await reader.queue(scope, office, person, QueueFilters())
        async with one.connection() as connection:
            known = await connection.fetchrow(
                "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE strpos(statement, $1) > 0",
                "listed AS MATERIALIZED",
            )
    finally:
        await one.close()
    assert known is not None
    assert (known["generic_plans"], known["custom_plans"]) == (0, 7)
