"""Timers are rows: each fires once, whoever sweeps; a poison one steps aside; the ladder reaches the right people (D3, D4, I6, I12)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from complaints_service.sla.targets import calendar_of
from complaints_service.sla.timers import MOST_TRIES
from complaints_service.tickets import commands as c
from complaints_service.tickets.filed import Filed
from complaints_service.tickets.model import Status
from complaints_service.wiring import Services, open_services
from tests.servers import Running
from tests.service.outbox_room import Room, a_room
from workers.sweep import Sweeper

MANY = 600  # more than a batch for each worker
DAY = timedelta(days=1)


@pytest.fixture
async def room(running: Running, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path) as opened:
        yield opened


class Armed(msgspec.Struct, frozen=True):
    """A timer that waits."""

    rung: str
    target: str
    due_at: datetime


async def armed(room: Room, filed: Filed) -> list[Armed]:
    """Timers of a ticket that wait, the next one first."""
    return msgspec.convert(await room.office.timers(filed.number), list[Armed])


class Fired(msgspec.Struct, frozen=True):
    """What the event of a firing says."""

    rung: str
    target: str
    level: int
    due_at: datetime


async def firings(room: Room, filed: Filed) -> list[Fired]:
    """Rungs of a ticket as they were written, in order."""
    events = (await room.office.file_of(filed.number)).events
    return [msgspec.convert(e.values(), Fired) for e in events if e.type == "rung_fired"]


async def workers(room: Room, count: int) -> list[Services]:
    """So many other processes of the same service."""
    return [await open_services(room.services.settings, hints=False) for _ in range(count)]


def due(filed: Filed, target: str) -> datetime:
    return next(d.due_at for d in filed.deadlines if d.target == target)


async def later(room: Room, at: datetime, days: int) -> datetime:
    """The closing so many working days on: the ladder's own distance, whatever weekends and holidays lie ahead of the day of the test."""
    return calendar_of(await room.office.office()).shift_working_days(at, days)


async def rung_rows(room: Room, filed: Filed) -> list[tuple[str, str]]:
    """(rung, username) of every message of the ladder, sorted."""
    rows = await room.admin.fetch(
        "SELECT o.params::json ->> 'rung' AS rung, p.username FROM outbox AS o JOIN person AS p ON p.id = o.person_id"
        " WHERE o.ticket_id = $1 AND o.kind = 'rung' ORDER BY 1, 2",
        filed.ticket_id,
    )
    return [(row["rung"], row["username"]) for row in rows]


async def fired(room: Room, filed: Filed) -> list[str]:
    return [firing.rung for firing in await firings(room, filed)]


async def test_600_due_timers_fire_exactly_once_under_four_workers(room: Room) -> None:
    many = [await room.office.file(reporter_email=None) for _ in range(MANY)]
    await room.office.move_clock_to(due(many[-1], "verify") - DAY / 2)
    others = await workers(room, 4)
    try:
        counts = await asyncio.gather(*(other.timers.fire_due() for other in others for _ in range(2)))
    finally:
        for other in others:
            await other.close()
    events = await room.admin.fetch(
        "SELECT ticket_id, body::json ->> 'rung' AS rung FROM ticket_event WHERE type = 'rung_fired'"
    )
    assert Counter(row["rung"] for row in events) == {"verify-remind": MANY}
    assert len({row["ticket_id"] for row in events}) == MANY
    assert sum(counts) == MANY
    messages = await room.rows(kind="rung")
    assert len(messages) == MANY
    assert await room.admin.fetchval("SELECT count(DISTINCT dedupe_key) FROM outbox WHERE kind = 'rung'") == MANY
    assert await room.admin.fetchval("SELECT count(*) FROM sla_timer WHERE state = 'fired'") == MANY


async def test_a_poison_ticket_steps_aside_and_the_others_fire(room: Room) -> None:
    filed = [await room.office.file(reporter_email=None) for _ in range(12)]
    poison = filed[5]
    # A policy that no longer exists: its ladder cannot be read.
    await room.admin.execute("UPDATE deadline SET policy_version = 77 WHERE ticket_id = $1", poison.ticket_id)
    await room.office.move_clock_to(due(filed[-1], "verify"))
    await room.office.fire()
    for one in filed:
        assert ("verify-due" in await fired(room, one)) == (one is not poison)
    assert await room.alarms() == []
    for _ in range(MOST_TRIES):
        await room.office.move_clock(timedelta(minutes=2))
        await room.office.fire()
    assert await room.alarms() == [f"poison_timer:{poison.ticket_id}"]
    assert await armed(room, poison), "it stays armed (I12): what is mended later still fires"
    await room.admin.execute("UPDATE deadline SET policy_version = 1 WHERE ticket_id = $1", poison.ticket_id)
    await room.office.move_clock(timedelta(hours=1))
    await room.office.fire()
    assert "verify-due" in await fired(room, poison)


async def test_a_ticket_that_somebody_holds_is_skipped_and_comes_next(room: Room) -> None:
    held, free = await room.office.file(reporter_email=None), await room.office.file(reporter_email=None)
    await room.office.move_clock_to(due(free, "verify"))
    async with room.admin.transaction():
        await room.admin.execute("SELECT 1 FROM ticket WHERE id = $1 FOR UPDATE", held.ticket_id)
        await room.office.fire()
        assert "verify-due" in await fired(room, free)
        assert await fired(room, held) == []
    await room.office.fire()
    assert "verify-due" in await fired(room, held)


async def test_commands_beside_firing_neither_deadlock_nor_lose_a_timer(room: Room) -> None:
    filed = [await room.office.file(reporter_email=None) for _ in range(40)]
    await room.office.move_clock_to(due(filed[-1], "verify"))
    other = (await workers(room, 1))[0]
    try:
        acted = [room.office.act(one.number, c.Verify(), "petugas") for one in filed]
        outcomes = await asyncio.gather(
            room.office.fire(), other.timers.fire_due(), *acted, room.office.fire(), return_exceptions=True
        )
    finally:
        await other.close()
    assert [outcome for outcome in outcomes if isinstance(outcome, BaseException)] == []
    for one in filed:
        file = await room.office.file_of(one.number)
        assert file.ticket.status is Status.VERIFIED
        assert [e.seq for e in file.events] == list(range(1, len(file.events) + 1))
        assert await armed(room, one), "an open ticket has an armed timer"
    assert await room.office.fire() == 0


async def test_the_ladder_of_a_case_nobody_verifies_reaches_each_level_once(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    at = due(filed, "verify")
    expected = [
        (at - DAY / 2, {("verify-remind", "petugas")}),
        (at, {("verify-due", "atasan"), ("verify-due", "petugas")}),
        (await later(room, at, 1), {("verify-late", "kepala")}),
    ]
    seen: set[tuple[str, str]] = set()
    for moment, new in expected:
        await room.office.move_clock_to(moment)
        await room.office.fire()
        await room.office.fire()
        now = await rung_rows(room, filed)
        assert len(now) == len(set(now)), "nobody hears of one rung twice"
        assert set(now) - seen == new
        seen |= new


async def test_nothing_fires_before_its_time(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    first = (await armed(room, filed))[0].due_at
    await room.office.move_clock_to(first - timedelta(minutes=5))
    assert await room.office.fire() == 0
    await room.office.move_clock_to(first)
    assert await room.office.fire() == 1


async def test_after_an_outage_every_rung_is_written_in_order_and_only_the_highest_is_mailed(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    await room.office.move_clock_to(await later(room, due(filed, "answer"), 5))
    await room.office.fire()
    rungs = await firings(room, filed)
    assert [rung.due_at for rung in rungs] == sorted(rung.due_at for rung in rungs)
    for target in ("verify", "answer"):
        levels = [rung.level for rung in rungs if rung.target == target]
        assert levels == sorted(levels)
    assert {rung for rung, _ in await rung_rows(room, filed)} == {"answer-late-5"}
    assert {who for _, who in await rung_rows(room, filed)} == {"kanwil", "kepala"}


async def test_the_top_rung_repeats_every_five_working_days(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    await room.office.move_clock_to(await later(room, due(filed, "answer"), 5))
    await room.office.fire()
    for turn in range(1, 4):
        nexts = [t for t in await armed(room, filed) if t.rung == "answer-repeat"]
        assert len(nexts) == 1
        await room.office.move_clock_to(nexts[0].due_at)
        await room.office.fire()
        assert (await fired(room, filed)).count("answer-repeat") == turn


async def test_a_case_without_a_sign_of_life_for_ten_working_days_asks_for_one(room: Room) -> None:
    filed = await room.office.file(reporter_email=None, category="biaya-tidak-resmi")
    await room.office.act(filed.number, c.Verify(), "petugas")
    await room.office.act(filed.number, c.Start(), "petugas")
    sign = next(t for t in await armed(room, filed) if t.target == "sign")
    await room.office.move_clock_to(sign.due_at - DAY / 4)
    await room.office.fire()
    assert "sign-10" not in await fired(room, filed)
    await room.office.act(filed.number, c.Note(text="Sudah dipanggil untuk klarifikasi besok."), "petugas")
    await room.office.move_clock_to(sign.due_at)
    await room.office.fire()
    assert "sign-10" not in await fired(room, filed), "the note was a sign of life"
    later = next(t for t in await armed(room, filed) if t.target == "sign")
    assert later.due_at > sign.due_at
    await room.office.move_clock_to(later.due_at)
    await room.office.fire()
    assert ("sign-10", "petugas") in await rung_rows(room, filed)
    assert ("sign-10", "atasan") in await rung_rows(room, filed)


async def test_an_undone_deed_arms_what_it_had_called_off(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    before = {(t.rung, t.due_at) for t in await armed(room, filed)}
    verified = await room.office.act(filed.number, c.Verify(), "petugas")
    assert "verify" not in {t.target for t in await armed(room, filed)}
    await room.office.act(filed.number, c.Undo(event=verified.ticket.seq), "petugas")
    after = {(t.rung, t.due_at) for t in await armed(room, filed) if t.target != "sign"}
    assert {pair for pair in before if not pair[0].startswith("sign")} == after
    await room.office.move_clock_to(due(filed, "verify"))
    await room.office.fire()
    assert "verify-due" in await fired(room, filed)


async def an_asked_case(room: Room) -> Filed:
    filed = await room.office.file()
    await room.office.act(filed.number, c.Verify(), "petugas")
    await room.office.act(filed.number, c.Start(), "petugas")
    await room.office.act(filed.number, c.Ask(text="Mohon kirim nomor berkas Anda."), "petugas")
    return filed


async def test_who_does_not_answer_a_question_is_reminded_and_then_the_case_lapses(room: Room) -> None:
    filed = await an_asked_case(room)
    assert {t.target for t in await armed(room, filed)} == {"answer", "reporter"}, "a pause arms its own end"
    await room.office.move_clock(timedelta(days=9))
    await room.office.fire()
    assert len(await room.rows(ticket_id=filed.ticket_id, kind="reminder_reporter")) == 1
    await room.office.move_clock(timedelta(days=22))
    await room.office.fire()
    file = await room.office.file_of(filed.number)
    assert file.ticket.status is Status.WITHDRAWN
    assert len(await room.rows(ticket_id=filed.ticket_id, kind="lapsed")) == 1
    assert await armed(room, filed) == []


async def test_a_reply_in_time_goes_on_with_the_case_and_moves_its_date_by_the_pause(room: Room) -> None:
    filed = await an_asked_case(room)
    await room.office.move_clock(timedelta(days=14))
    await room.office.fire()
    await room.office.reporter_acts(filed, c.Reply(text="Nomor berkas saya 12345."))
    file = await room.office.file_of(filed.number)
    assert file.ticket.status is Status.IN_PROGRESS
    answer = next(d for d in file.deadlines if d.target == "answer")
    assert answer.due_at > answer.first_due_at
    assert {"answer", "sign"} <= {t.target for t in await armed(room, filed)}
    assert "reporter" not in {t.target for t in await armed(room, filed)}


async def an_answered_case(room: Room) -> Filed:
    filed = await room.office.file()
    await room.office.act(filed.number, c.Verify(), "petugas")
    await room.office.act(filed.number, c.Start(), "petugas")
    await room.office.act(filed.number, c.Answer(text="Paspor Anda dapat diambil.", resolves=True), "petugas")
    return filed


async def test_an_answered_case_closes_after_ten_working_days_and_not_before(room: Room) -> None:
    filed = await an_answered_case(room)
    closing = next(t for t in await armed(room, filed) if t.target == "closing")
    await room.office.move_clock(timedelta(days=11))
    await room.office.fire()
    assert (await room.office.file_of(filed.number)).ticket.status is Status.ANSWERED
    assert len(await room.rows(ticket_id=filed.ticket_id, kind="reminder_closing")) == 1
    last = (await room.office.file_of(filed.number)).deadlines
    end = next(d.due_at for d in last if d.target == "closing")
    assert end > closing.due_at
    await room.office.move_clock_to(end - timedelta(minutes=1))
    await room.office.fire()
    assert (await room.office.file_of(filed.number)).ticket.status is Status.ANSWERED
    await room.office.move_clock_to(end)
    await room.office.fire()
    file = await room.office.file_of(filed.number)
    assert file.ticket.status is Status.CLOSED
    assert file.events[-1].type == "auto_closed"
    assert await armed(room, filed) == []


async def test_a_reply_after_the_answer_reopens_with_a_new_clock_and_nothing_closes_it(room: Room) -> None:
    filed = await an_answered_case(room)
    await room.office.move_clock(timedelta(days=5))
    await room.office.reporter_acts(filed, c.Reply(text="Ternyata belum dapat diambil."))
    await room.office.move_clock(timedelta(days=12))
    await room.office.fire()
    file = await room.office.file_of(filed.number)
    assert (file.ticket.status, file.ticket.episode) == (Status.IN_PROGRESS, 1)
    assert [d.target for d in file.deadlines if d.episode == 1 and d.ended_at is None][:1] == ["answer"]
    assert "auto_closed" not in [e.type for e in file.events]


async def test_what_has_ended_climbs_no_further_and_its_unsent_escalations_are_cancelled(room: Room) -> None:
    into = await room.office.file(reporter_email=None)
    merged, closed = await room.office.file(reporter_email=None), await an_answered_case(room)
    await room.office.move_clock_to(due(merged, "verify"))
    await room.office.fire()
    waiting = await room.rows(ticket_id=merged.ticket_id, kind="rung", state="queued")
    assert waiting
    await room.office.act(merged.number, c.Merge(into=into.number), "petugas")
    await room.office.act(closed.number, c.Close(), "petugas")
    await room.office.move_clock(timedelta(seconds=11))
    await room.deliver()
    assert {row["state"] for row in await room.rows(ticket_id=merged.ticket_id, kind="rung")} == {"cancelled"}
    assert not [mail for mail in room.postbox.taken if merged.number in mail.message["Subject"]]
    for one in (merged, closed):
        assert await armed(room, one) == []
    before = [len(await fired(room, one)) for one in (merged, closed)]
    await room.office.move_clock(timedelta(days=90))
    await room.office.fire()
    assert [len(await fired(room, one)) for one in (merged, closed)] == before


async def test_a_sweep_leaves_its_sign_of_life(room: Room) -> None:
    from complaints_service.heartbeat import Heartbeat, ProcessKind

    heartbeat = Heartbeat(room.services.database, "worker:test", ProcessKind.WORKER)
    sweeping = asyncio.create_task(Sweeper(room.services).run(heartbeat))
    try:

        async def swept() -> bool:
            return await room.admin.fetchval("SELECT swept_at IS NOT NULL FROM heartbeat WHERE kind = 'worker'") is True

        await room.until(swept)
        assert await swept()
    finally:
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
