"""``complaints seed --tickets N``: many tickets that keep every promise which an audit can see."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest

from complaints_service.database import queries, upgrade
from complaints_service.demo import run, seed
from complaints_service.demo.bulk_tickets import BulkTickets
from complaints_service.demo.office_value import demo_office
from complaints_service.doctor_audit import audit
from complaints_service.keys import Keys
from complaints_service.settings import Settings
from complaints_service.tickets.model import Channel, Status
from complaints_service.wiring import open_services
from tests.servers import Running, on_database, test_settings

MANY = 2_500
NAME = f"bulk_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
async def bulk_settings(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An office of its own, with its people and no tickets."""
    connection = await asyncpg.connect(running.admin_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {NAME}")
    finally:
        await connection.close()
    owner = on_database(running.admin_url, NAME)
    await upgrade(owner)
    settings = test_settings(tmp_path_factory.mktemp("bulk"), on_database(running.database_url, NAME), None)
    await seed(settings, owner, tickets=False)
    return msgspec.structs.replace(settings, admin_database_url=owner)


@pytest.fixture(scope="module")
async def seeded(bulk_settings: Settings) -> asyncpg.Connection:
    """The same office after the command."""
    assert await asyncio.to_thread(run, bulk_settings, ["--tickets", str(MANY)]) == 0
    assert bulk_settings.admin_database_url is not None
    return await asyncpg.connect(bulk_settings.admin_database_url)


async def test_an_audit_finds_nothing_wrong_with_them(seeded: asyncpg.Connection) -> None:
    assert await audit(seeded) == []


async def test_there_are_as_many_as_asked_for_nine_of_ten_ended_over_two_years(seeded: asyncpg.Connection) -> None:
    row = await seeded.fetchrow(
        "SELECT count(*) AS n, count(*) FILTER (WHERE ended_at IS NOT NULL) AS ended, max(received_at) - min(received_at) AS span"
        " FROM ticket"
    )
    assert row["n"] == MANY
    assert row["ended"] / MANY == pytest.approx(0.9, abs=0.03)
    assert timedelta(days=700) < row["span"] <= timedelta(days=731)


async def test_every_door_category_and_open_status_occurs(seeded: asyncpg.Connection) -> None:
    found = await seeded.fetchrow(
        "SELECT array_agg(DISTINCT channel) AS channels, array_agg(DISTINCT category) AS categories,"
        " array_agg(DISTINCT status) AS statuses FROM ticket"
    )
    assert set(found["channels"]) == set(Channel)
    assert set(found["categories"]) == set(demo_office().categories)
    assert set(Status) - set(found["statuses"]) == {Status.MERGED}


async def test_numbers_are_those_of_the_office_and_the_sequence_goes_on_behind_them(seeded: asyncpg.Connection) -> None:
    rows = await seeded.fetch(
        "SELECT id, number, extract(YEAR FROM received_at AT TIME ZONE 'Asia/Jakarta')::int AS year FROM ticket"
    )
    for row in rows:
        assert row["number"] == f"LT-{row['year']}-{row['id']:06}"
    assert await seeded.fetchval("SELECT nextval('ticket_number_1')") > max(row["id"] for row in rows)


async def test_the_promises_are_what_the_clocks_would_have_made(seeded: asyncpg.Connection) -> None:
    """The queue's order rests on next_due_at: it is the nearest promise that runs."""
    wrong = await seeded.fetch(
        "SELECT k.number FROM ticket AS k WHERE k.ended_at IS NULL AND k.next_due_at IS DISTINCT FROM coalesce("
        " (SELECT min(d.due_at) FROM deadline AS d WHERE d.ticket_id = k.id AND d.target IN ('verify', 'answer')"
        "  AND d.ended_at IS NULL AND d.paused_at IS NULL),"
        " (SELECT min(d.due_at) FROM deadline AS d WHERE d.ticket_id = k.id AND d.target IN ('reporter', 'closing')"
        "  AND d.ended_at IS NULL))"
    )
    assert wrong == []
    assert await seeded.fetchval("SELECT count(*) FROM ticket WHERE next_due_at < office_now()") > 0


async def test_they_can_be_found_by_their_words_and_bring_no_mail(seeded: asyncpg.Connection) -> None:
    found = await seeded.fetchval(
        "SELECT count(*) FROM complaint_text WHERE search @@ websearch_to_tsquery('indonesian', 'paspor belum jadi')"
    )
    assert found > 0
    assert await seeded.fetchval("SELECT count(*) FROM outbox") == 0


def test_anonymous_ones_have_no_reporter() -> None:
    made = BulkTickets(demo_office(), Keys(b"k" * 32), NOW)
    made.begin(seed=3)
    for ticket_id in range(1, 400):
        made.add(ticket_id)
    privacy = {row[1]: row[8] for row in made.rows["ticket"]}
    with_reporter = {row[1] for row in made.rows["reporter"]}
    assert {number for number, kind in privacy.items() if kind != "anonymous"} == with_reporter
    assert "anonymous" in privacy.values()


@pytest.mark.parametrize("arguments", [[], ["--tickets", "0"], ["--tickets", "-5"], ["--tickets", "many"], ["--more"]])
def test_a_wrong_call_is_told_and_does_nothing(
    bulk_settings: Settings, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bulk_settings, arguments) == 2
    assert "--tickets" in capsys.readouterr().err


async def test_without_an_office_it_says_what_to_do(
    running: Running, bulk_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = await asyncpg.connect(running.admin_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {NAME}_bare WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {NAME}_bare")
    finally:
        await connection.close()
    bare = on_database(running.admin_url, f"{NAME}_bare")
    await upgrade(bare)
    settings = msgspec.structs.replace(bulk_settings, admin_database_url=bare)
    assert await asyncio.to_thread(run, settings, ["--tickets", "10"]) == 1
    assert "no office yet" in capsys.readouterr().err


async def test_progress_is_told_on_stderr_and_the_result_on_stdout(
    bulk_settings: Settings, seeded: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asyncio.to_thread(run, bulk_settings, ["--tickets", "300"]) == 0
    told = capsys.readouterr()
    assert re.search(r"\[#{30}\] 300/300 tickets, \d+/s", told.err)
    assert re.fullmatch(r"300 tickets in [\d.]+ s \(\d+/s\)\n", told.out)
    assert await audit(seeded) == []


async def test_no_day_is_sealed_while_they_are_copied_and_a_sealed_past_is_not_written_into(
    bulk_settings: Settings, seeded: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last of this file: once the log is sealed, no more can be added, else the audit would call the seal broken (I7)."""
    services = await open_services(bulk_settings, hints=False)
    try:
        async with seeded.transaction():
            await queries("seals").hold_seals(seeded)
            assert await services.notifications.make_seals() == 0
        assert await services.notifications.make_seals() == 1
        before = await seeded.fetchval("SELECT count(*) FROM ticket")
        assert await asyncio.to_thread(run, bulk_settings, ["--tickets", "10"]) == 1
        assert "the log is sealed up to" in capsys.readouterr().err
        assert await seeded.fetchval("SELECT count(*) FROM ticket") == before
        assert await services.notifications.broken_seals(1) == []
        assert await audit(seeded) == []
    finally:
        await services.close()
