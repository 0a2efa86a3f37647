"""The loop on the real service: what a cycle finds, that it closes once and never changes, who gets it and who may read it."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest

from complaints_service.accounts.model import ALL_SCOPES, Via, Viewer
from complaints_service.database import SYSTEM
from complaints_service.errors import Forbidden, Malformed, NotFound
from complaints_service.feedback.rules import month_of
from complaints_service.feedback.views import CaseView, CycleView
from complaints_service.tickets import commands as c
from complaints_service.tickets.filed import Filed
from tests.office import TheOffice
from tests.servers import Running, on_database
from tests.service.outbox_room import a_room


@pytest.fixture
def owner_url(running: Running, database_url: str) -> str:
    """This worker's database as the role that owns the tables."""
    return on_database(running.admin_url, urlsplit(database_url).path.lstrip("/"))


async def viewer(the_office: TheOffice, username: str) -> Viewer:
    return Viewer(
        person=await the_office.person(username),
        office=await the_office.office(),
        scopes=ALL_SCOPES,
        via=Via.COOKIE,
        session_hash=b"h" * 32,
    )


async def close_now(the_office: TheOffice, username: str = "kepala") -> CycleView:
    return await the_office.services.feedback.close_now(await viewer(the_office, username))


def case(cases: tuple[CaseView, ...], filed: Filed) -> CaseView | None:
    return next((one for one in cases if one.number == filed.number), None)


async def answered(the_office: TheOffice, **values: object) -> Filed:
    filed = await the_office.file(**values)
    await the_office.act(filed.number, c.Verify(), "petugas")
    await the_office.act(filed.number, c.Start(), "petugas")
    await the_office.act(filed.number, c.Answer(text="Paspor Anda sudah dapat diambil."), "petugas")
    await the_office.move_clock(timedelta(seconds=11))
    return filed


def due(filed: Filed, target: str) -> datetime:
    return next(deadline.due_at for deadline in filed.deadlines if deadline.target == target)


async def test_a_case_past_its_deadline_is_unresolved_with_how_late_in_working_time(the_office: TheOffice) -> None:
    filed = await the_office.file()
    assert case((await close_now(the_office)).unresolved, filed) is None
    await the_office.act(filed.number, c.Verify(), "petugas")
    await the_office.move_clock_to(due(filed, "answer") + timedelta(days=7, hours=1))
    found = case((await close_now(the_office)).unresolved, filed)
    assert found is not None
    assert (found.target, found.due_at, found.unit) == ("answer", due(filed, "answer"), "Seksi Lantaskim")
    assert found.late.working_days in range(1, 6)
    assert found.late.working_minutes == pytest.approx(450 * found.late.working_days, abs=120)


async def test_a_case_that_nobody_checked_in_time_is_unresolved_too(the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.move_clock_to(due(filed, "verify") + timedelta(minutes=1))
    found = case((await close_now(the_office)).unresolved, filed)
    assert found is not None
    assert found.target == "verify"


async def test_a_late_answer_ends_the_matter_for_the_next_cycle(the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas")
    await the_office.act(filed.number, c.Start(), "petugas")
    await the_office.move_clock_to(due(filed, "answer") + timedelta(days=1))
    assert case((await close_now(the_office)).unresolved, filed) is not None
    await the_office.act(filed.number, c.Answer(text="Maaf atas keterlambatan, sudah selesai."), "petugas")
    await the_office.move_clock(timedelta(seconds=11))
    assert case((await close_now(the_office)).unresolved, filed) is None


async def test_a_clock_that_waits_for_the_reporter_is_not_late(the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas")
    await the_office.act(filed.number, c.Ask(text="Berapa nomor permohonan Anda?"), "petugas")
    await the_office.move_clock_to(due(filed, "answer") + timedelta(days=2))
    assert case((await close_now(the_office)).unresolved, filed) is None


async def test_cases_that_came_back_are_named_whoever_brought_them_back(the_office: TheOffice) -> None:
    by_reporter, by_office, thanks = [await answered(the_office) for _ in range(3)]
    await the_office.reporter_acts(by_reporter, c.Reply(text="Belum selesai, paspor belum ada."))
    await the_office.act(by_office.number, c.Reopen(reason="Jawaban keliru"), "petugas")
    await the_office.reporter_acts(thanks, c.Reply(text="Terima kasih", resolved=True))
    await the_office.move_clock(timedelta(seconds=11))
    report = await close_now(the_office)
    assert case(report.reopened, by_reporter) is not None
    assert case(report.reopened, by_office) is not None
    assert case(report.reopened, thanks) is None


async def test_a_reopening_that_was_taken_back_is_none(the_office: TheOffice) -> None:
    filed = await answered(the_office)
    acted = await the_office.act(filed.number, c.Reopen(reason="Salah tekan"), "petugas")
    await the_office.act(filed.number, c.Undo(event=acted.ticket.seq), "petugas")
    await the_office.move_clock(timedelta(seconds=11))
    assert case((await close_now(the_office)).reopened, filed) is None


@pytest.mark.parametrize(("score", "dissatisfied"), [(1, True), (2, True), (3, False), (4, False)])
async def test_ratings_of_one_and_two_are_dissatisfied(the_office: TheOffice, score: int, dissatisfied: bool) -> None:
    filed = await answered(the_office)
    await the_office.reporter_acts(filed, c.Rate(score=score))
    await the_office.move_clock(timedelta(seconds=1))
    found = case((await close_now(the_office)).dissatisfied, filed)
    assert (found is not None) is dissatisfied
    if found is not None:
        assert (found.score, found.late.working_minutes) == (score, 0)


async def test_cases_are_grouped_by_category(the_office: TheOffice) -> None:
    filed = await answered(the_office, category="data-salah")
    await the_office.reporter_acts(filed, c.Rate(score=1))
    await the_office.move_clock(timedelta(seconds=1))
    report = await close_now(the_office)
    group = next(group for group in report.groups if group.category == "data-salah")
    assert filed.number in group.numbers
    assert sum(group.dissatisfied for group in report.groups) == report.figures.dissatisfied == len(report.dissatisfied)


async def test_each_month_closes_once_however_many_workers_try(the_office: TheOffice) -> None:
    feedback = the_office.services.feedback
    await the_office.file()
    await feedback.close_due_cycles()
    office = await the_office.office()
    for _ in range(2):
        await the_office.move_clock_to(month_of(await the_office.now(), office.time_zone).ends_at)
    closed = await asyncio.gather(*(feedback.close_due_cycles() for _ in range(5)))
    assert sum(closed) == 2
    assert await feedback.close_due_cycles() == 0
    page = await feedback.cycles(await viewer(the_office, "kepala"))
    monthly = [cycle for cycle in page.items if cycle.monthly]
    assert monthly[0].ends_at <= await the_office.now()
    assert monthly[0].starts_at == monthly[1].ends_at
    assert monthly[0].closed_by is None


async def test_a_closed_report_cannot_be_changed_and_its_digest_fits(the_office: TheOffice) -> None:
    made = await close_now(the_office)
    async with the_office.services.database.connection() as connection:
        stored = await connection.fetchval("SELECT report FROM cycle WHERE id = $1", made.id)
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError)):
            await connection.execute("UPDATE cycle SET report = '{}' WHERE id = $1", made.id)
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError)):
            await connection.execute("DELETE FROM cycle WHERE id = $1", made.id)
    assert hashlib.sha256(stored.encode()).hexdigest() == made.digest


async def test_not_even_the_owner_of_the_table_changes_a_report(the_office: TheOffice, owner_url: str) -> None:
    made = await close_now(the_office)
    connection = await asyncpg.connect(owner_url)
    try:
        for statement in ("UPDATE cycle SET report = '{}' WHERE id = $1", "DELETE FROM cycle WHERE id = $1"):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                await connection.execute(statement, made.id)
    finally:
        await connection.close()


async def test_the_head_gets_one_letter_about_a_cycle_without_personal_words(running: Running, tmp_path: Path) -> None:
    # A letter names the latest cases only: in an office of its own no other test's stand before.
    async with a_room(running, tmp_path) as room:
        filed = await answered(room.office)
        await room.office.reporter_acts(filed, c.Rate(score=1, comment="Petugas tidak menolong"))
        await room.office.move_clock(timedelta(seconds=1))
        made = await close_now(room.office)
        head = await room.office.person("kepala")
        async with room.services.database.transaction(SYSTEM) as connection:
            rows = await connection.fetch(
                "SELECT person_id, way, params FROM outbox WHERE kind = 'cycle_report' AND dedupe_key LIKE $1",
                f"cycle_report:{made.id}:%",
            )
    assert [(row["person_id"], row["way"]) for row in rows] == [(head.id, "email")]
    assert filed.number in rows[0]["params"]
    assert "Siti" not in rows[0]["params"]
    assert "menolong" not in rows[0]["params"]


async def test_months_made_up_for_long_after_are_listed_but_only_the_last_is_mailed(the_office: TheOffice) -> None:
    feedback = the_office.services.feedback
    await the_office.file()
    await feedback.close_due_cycles()
    await the_office.move_clock(timedelta(days=100))
    assert await feedback.close_due_cycles() >= 3
    async with the_office.services.database.transaction(SYSTEM) as connection:
        mailed = await connection.fetch(
            "SELECT c.id FROM cycle AS c WHERE c.monthly AND EXISTS (SELECT 1 FROM outbox AS o WHERE o.office_id = c.office_id"
            " AND o.dedupe_key LIKE 'cycle_report:' || c.id || ':%') ORDER BY c.id DESC"
        )
        last = await connection.fetchval("SELECT max(id) FROM cycle WHERE monthly")
        before = await connection.fetchval("SELECT id FROM cycle WHERE monthly ORDER BY id DESC OFFSET 1 LIMIT 1")
    mailed_ids = {row["id"] for row in mailed}
    assert last in mailed_ids
    assert before not in mailed_ids


async def test_supervisors_read_their_units_and_a_case_about_the_reader_is_hidden(the_office: TheOffice) -> None:
    about_head = await the_office.file(reported_person="Kepala Kantor")
    own = await the_office.file()
    await the_office.move_clock_to(due(own, "answer") + timedelta(days=1))
    made = await close_now(the_office, "kanwil")
    feedback = the_office.services.feedback
    seen = {
        name: {one.number for one in (await feedback.cycle(await viewer(the_office, name), made.id)).unresolved}
        for name in ("atasan", "kepala", "kanwil")
    }
    assert {about_head.number, own.number} <= seen["kanwil"]
    for name in ("atasan", "kepala"):
        assert own.number in seen[name]
        assert about_head.number not in seen[name]


async def test_officers_neither_read_nor_close_and_supervisors_do_not_close(the_office: TheOffice) -> None:
    feedback = the_office.services.feedback
    made = await close_now(the_office)
    petugas, atasan = await viewer(the_office, "petugas"), await viewer(the_office, "atasan")
    for attempt in (feedback.cycles(petugas), feedback.cycle(petugas, made.id), feedback.close_now(petugas)):
        with pytest.raises(Forbidden):
            await attempt
    with pytest.raises(Forbidden):
        await feedback.close_now(atasan)
    assert (await feedback.cycle(atasan, made.id)).id == made.id


@pytest.mark.parametrize("unknown", [0, -1, 2**31 - 1, 2**31, 10**30])
async def test_an_unknown_cycle_is_not_found(the_office: TheOffice, unknown: int) -> None:
    with pytest.raises(NotFound):
        await the_office.services.feedback.cycle(await viewer(the_office, "kepala"), unknown)


async def test_pages_of_cycles_follow_without_gap_or_double(the_office: TheOffice) -> None:
    for _ in range(3):
        await close_now(the_office)
    feedback, head = the_office.services.feedback, await viewer(the_office, "kepala")
    whole = await feedback.cycles(head, limit=200)
    walked: list[int] = []
    cursor = None
    while True:
        page = await feedback.cycles(head, cursor, limit=2)
        walked += [cycle.id for cycle in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert walked == [cycle.id for cycle in whole.items]
    assert walked == sorted(set(walked), reverse=True)
    with pytest.raises(Malformed):
        await feedback.cycles(head, "1; DROP", limit=2)


async def test_a_report_is_plain_json(the_office: TheOffice) -> None:
    made = await close_now(the_office)
    raw = msgspec.json.decode(msgspec.json.encode(made))
    assert {"id", "groups", "unresolved", "reopened", "dissatisfied", "figures", "digest", "closed_by"} <= raw.keys()
    assert raw["closed_by"] == "kepala"
