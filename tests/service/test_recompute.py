"""Open tickets follow a published calendar or policy: once each, whoever comes first, and no rung fires twice (D3, I12)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from complaints_service.database import SYSTEM, Scope
from complaints_service.doctor_audit import audit
from complaints_service.office.model import Policy, Rung
from complaints_service.sla.effects import effects_of, with_calendar, with_policy
from complaints_service.sla.recompute_work import AGAIN_SECONDS, call_off_recompute
from complaints_service.tickets import commands as c
from complaints_service.tickets.filed import Filed
from complaints_service.tickets.model import Status
from complaints_service.wiring import open_services
from tests.servers import Running
from tests.service.new_versions import publish_calendar, publish_policy
from tests.service.outbox_room import Room, a_room

DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Jakarta")


@pytest.fixture
async def room(running: Running, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path) as opened:
        # A Monday morning: the days that the tests close are working days.
        now = await opened.office.now()
        monday = (now.astimezone(ZONE) + timedelta(days=7 - now.astimezone(ZONE).weekday())).replace(hour=9, minute=0)
        await opened.office.move_clock_to(monday)
        yield opened


async def close_days(room: Room, *days: date, work: bool = True) -> int:
    office = await room.services.offices.reload(1)
    version = await publish_calendar(room.admin, office, list(days), work=work)
    await room.services.offices.reload(1)
    return version


async def new_policy(room: Room, change: Callable[[Policy], Policy], **more: object) -> int:
    office = await room.services.offices.reload(1)
    version = await publish_policy(room.admin, office, change, **more)  # pyright: ignore[reportArgumentType]
    await room.services.offices.reload(1)
    return version


def answer_in(days: int) -> Callable[[Policy], Policy]:
    """The answer target of any case is so many working days."""

    def change(policy: Policy) -> Policy:
        targets = tuple(
            msgspec.structs.replace(t, amount=days, measure="working_days") if t.target == "answer" else t
            for t in policy.targets
        )
        return msgspec.structs.replace(policy, targets=targets)

    return change


def ladder(*rungs: Rung, target: str = "answer") -> Callable[[Policy], Policy]:
    """The ladder of a target is this one."""

    def change(policy: Policy) -> Policy:
        return msgspec.structs.replace(policy, rungs=(*(r for r in policy.rungs if r.target != target), *rungs))

    return change


async def due_of(room: Room, filed: Filed, target: str = "answer") -> datetime:
    rows = (await room.office.file_of(filed.number)).deadlines
    return next(d.due_at for d in rows if d.target == target and d.ended_at is None)


async def events(room: Room, filed: Filed) -> list[str]:
    return [e.type for e in (await room.office.file_of(filed.number)).events]


async def moves(room: Room, filed: Filed) -> list[dict[str, object]]:
    """What the first event of a recomputation says has moved."""
    found = (await room.office.file_of(filed.number)).events
    body = next(e.values() for e in found if e.type == "deadlines_moved")
    return msgspec.convert(body["moved"], list[dict[str, object]])


async def fired_keys(room: Room, filed: Filed) -> list[tuple[str, int, int]]:
    found = (await room.office.file_of(filed.number)).events
    return [
        (str(v["rung"]), int(str(v["episode"])), int(str(v["occurrence"])))
        for e in found
        if e.type == "rung_fired" and (v := e.values())
    ]


async def first_due(room: Room, number: str) -> datetime:
    """When the next timer of a case is due."""
    return msgspec.convert((await room.office.timers(number))[0]["due_at"], datetime)


def next_working_day(at: datetime, days: int = 1) -> date:
    return (at.astimezone(ZONE) + days * DAY).date()


async def test_a_closed_day_moves_every_promise_once_and_the_timeline_keeps_the_old_ones(room: Room) -> None:
    filed = [await room.office.file(reporter_email=None) for _ in range(5)]
    before = [await due_of(room, one) for one in filed]
    version = await close_days(room, next_working_day(await room.office.now()))
    assert await room.services.recomputes.work_due() == 5
    for one, was in zip(filed, before, strict=True):
        file = await room.office.file_of(one.number)
        answer = next(d for d in file.deadlines if d.target == "answer")
        assert answer.due_at > was
        assert answer.first_due_at == was
        assert {d.calendar_version for d in file.deadlines if d.ended_at is None} == {version}
        moved = {str(m["target"]): m for m in await moves(room, one)}
        assert datetime.fromisoformat(str(moved["answer"]["from"])) == was
        assert datetime.fromisoformat(str(moved["answer"]["to"])) == answer.due_at
        assert file.ticket.next_due_at == min(d.due_at for d in file.deadlines if d.target in ("verify", "answer"))
        armed = await room.office.timers(one.number)
        assert {t["target"] for t in armed} == {"verify", "answer", "sign"}
    assert await room.services.recomputes.work_due() == 0
    assert [(await events(room, one)).count("deadlines_moved") for one in filed] == [1] * 5
    row = await room.admin.fetchrow("SELECT state, looked_at, total, moved, moved_later, breached FROM recompute")
    assert row is not None
    assert tuple(row) == ("done", 5, 5, 15, 15, 0)
    assert await audit(room.admin) == []


async def test_a_command_goes_by_the_new_dates_without_waiting_for_the_work(room: Room) -> None:
    filed = await room.office.file()
    was, seen = await due_of(room, filed), (await room.office.file_of(filed.number)).ticket.version
    await close_days(room, next_working_day(await room.office.now()), work=False)
    acted = await room.office.act(filed.number, c.Verify(), "petugas", version=seen)
    assert [e.type for e in acted.events] == ["verified"]
    assert await events(room, filed) == ["filed", "deadlines_moved", "verified"]
    assert await due_of(room, filed) > was
    await room.office.act(filed.number, c.Undo(event=acted.ticket.seq), "petugas")
    assert (await room.office.file_of(filed.number)).ticket.status is Status.RECEIVED
    assert await audit(room.admin) == []


async def test_a_reply_is_heard_even_where_the_new_policy_would_have_ended_the_case_before_it(room: Room) -> None:
    filed = await room.office.file()
    for command in (c.Verify(), c.Start(), c.Ask(text="Mohon kirim nomor berkas Anda.")):
        await room.office.act(filed.number, command, "petugas")
    await room.office.move_clock(10 * DAY)
    await room.office.fire()

    def reply_in_five_days(policy: Policy) -> Policy:
        targets = tuple(msgspec.structs.replace(t, amount=5) if t.target == "reporter" else t for t in policy.targets)
        return msgspec.structs.replace(policy, targets=targets)

    await new_policy(room, reply_in_five_days)
    await room.office.reporter_acts(filed, c.Reply(text="Nomor berkas saya 12345."))
    file = await room.office.file_of(filed.number)
    assert file.ticket.status is Status.IN_PROGRESS
    assert "lapsed" not in [e.type for e in file.events]
    assert "deadlines_moved" in [e.type for e in file.events]
    silent = await room.office.file()
    for command in (c.Verify(), c.Ask(text="Mohon kirim nomor berkas Anda.")):
        await room.office.act(silent.number, command, "petugas")
    await room.office.move_clock(9 * DAY)
    await room.office.fire()
    assert (await room.office.file_of(silent.number)).ticket.status is Status.WITHDRAWN
    assert await audit(room.admin) == []


async def test_merging_two_cases_that_lag_brings_up_both(room: Room) -> None:
    into, one = await room.office.file(reporter_email=None), await room.office.file(reporter_email=None)
    await close_days(room, next_working_day(await room.office.now()), work=False)
    await room.office.act(one.number, c.Merge(into=into.number), "petugas")
    assert "deadlines_moved" in await events(room, one)
    assert "deadlines_moved" in await events(room, into)
    assert await audit(room.admin) == []


async def test_a_timer_recomputes_its_own_ticket_first_and_fires_only_what_is_still_due(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    first = await first_due(room, filed.number)
    await close_days(room, *[next_working_day(await room.office.now(), n) for n in range(1, 5)], work=False)
    await room.office.move_clock_to(first)
    assert await room.office.fire() == 0
    assert await events(room, filed) == ["filed", "deadlines_moved"]
    later = await first_due(room, filed.number)
    assert later > first
    await room.office.move_clock_to(later)
    assert await room.office.fire() == 1


async def test_what_a_move_puts_into_the_past_is_written_in_order_and_only_the_highest_mailed_in_a_roll_up(
    room: Room,
) -> None:
    filed = await room.office.file(reporter_email=None)
    await room.office.act(filed.number, c.Verify(), "petugas")
    await room.office.move_clock(8 * DAY)
    await room.office.fire()
    already = await fired_keys(room, filed)
    await new_policy(room, answer_in(2))
    assert await room.services.recomputes.work_due() == 1
    written = (await fired_keys(room, filed))[len(already) :]
    names = [rung for rung, _, _ in written]
    assert names[-2:] == ["answer-due", "answer-late"]
    due = [e.values()["due_at"] for e in (await room.office.file_of(filed.number)).events if e.type == "rung_fired"]
    assert due == sorted(due, key=str)
    rows = await room.rows(ticket_id=filed.ticket_id, kind="rung")
    mailed = [msgspec.json.decode(row["params"]) for row in rows if row["event_seq"] > 2 + len(already)]
    assert {(one["rung"], one["roll_up"]) for one in mailed} == {("answer-late", True)}
    moved = await moves(room, filed)
    assert [(m["target"], m["late"]) for m in moved if m["target"] == "answer"] == [("answer", True)]
    assert await room.office.fire() == 0, "all of it was written with the move"
    assert await room.admin.fetchval("SELECT breached FROM recompute") == 1
    assert await audit(room.admin) == []


def renamed(policy: Policy) -> Policy:
    """Every key of the answer's ladder is another one."""
    return msgspec.structs.replace(
        policy,
        rungs=tuple(
            msgspec.structs.replace(r, key=f"new-{r.key}") if r.target == "answer" else r for r in policy.rungs
        ),
    )


def reversed_order(policy: Policy) -> Policy:
    """The lower rungs of the answer's ladder change places."""
    rungs = [r for r in policy.rungs if r.target == "answer"]
    return ladder(*reversed(rungs[:-1]), rungs[-1])(policy)


def without(*keys: str) -> Callable[[Policy], Policy]:
    """Some rungs are gone."""

    def change(policy: Policy) -> Policy:
        return msgspec.structs.replace(policy, rungs=tuple(r for r in policy.rungs if r.key not in keys))

    return change


def one_more_below(policy: Policy) -> Policy:
    """A rung is added before all others."""
    rungs = [r for r in policy.rungs if r.target == "answer"]
    return ladder(msgspec.structs.replace(rungs[0], key="answer-first", anchor="start"), *rungs)(policy)


CHANGES = {
    "renamed": renamed,
    "reordered": reversed_order,
    "the next one is gone": without("answer-late"),
    "what has fired is gone": without("answer-half", "answer-soon"),
    "the last that fired is gone": without("answer-due"),
    "one more below": one_more_below,
    "a shorter time": answer_in(3),
    "a longer time": answer_in(30),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_rung_that_has_fired_never_fires_again_in_its_episode_whatever_becomes_of_the_ladder(
    room: Room, name: str
) -> None:
    filed = await room.office.file(reporter_email=None)
    await room.office.act(filed.number, c.Verify(), "petugas")
    await room.office.move_clock_to(await due_of(room, filed))
    await room.office.fire()
    assert "answer-due" in {rung for rung, _, _ in await fired_keys(room, filed)}
    await new_policy(room, CHANGES[name])
    await room.services.recomputes.work_due()
    for _ in range(4):
        timers = await room.office.timers(filed.number)
        assert "answer" in {t["target"] for t in timers}, "an open promise is never without its next rung"
        await room.office.move_clock(9 * DAY)
        await room.office.fire()
    await new_policy(room, CHANGES["reordered"])
    await room.services.recomputes.work_due()
    await room.office.move_clock(30 * DAY)
    await room.office.fire()
    keys = await fired_keys(room, filed)
    assert [key for key, count in Counter(keys).items() if count > 1] == []
    assert await audit(room.admin) == []


async def test_the_repeating_top_rung_goes_on_counting_through_a_new_policy(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    await room.office.act(filed.number, c.Verify(), "petugas")
    await room.office.move_clock_to(await due_of(room, filed) + 28 * DAY)
    await room.office.fire()
    before = [key for key in await fired_keys(room, filed) if key[0] == "answer-repeat"]
    assert len(before) >= 2
    await new_policy(room, without("answer-half"))
    await room.services.recomputes.work_due()
    await room.office.move_clock(8 * DAY)
    await room.office.fire()
    after = [key for key in await fired_keys(room, filed) if key[0] == "answer-repeat"]
    assert [occurrence for _, _, occurrence in after] == list(range(len(after)))
    assert len(after) > len(before)


async def test_the_silence_that_was_told_is_not_told_again_and_goes_on_being_told(room: Room) -> None:
    filed = await room.office.file(reporter_email=None, category="biaya-tidak-resmi")
    await room.office.act(filed.number, c.Verify(), "petugas")
    sign = next(t for t in await room.office.timers(filed.number) if t["target"] == "sign")
    await room.office.move_clock_to(sign["due_at"])  # pyright: ignore[reportArgumentType]
    await room.office.fire()
    told = [key for key in await fired_keys(room, filed) if key[0] == "sign-10"]
    assert len(told) == 1
    await new_policy(room, answer_in(70))
    await room.services.recomputes.work_due()
    assert await room.office.fire() == 0
    again = next(t for t in await room.office.timers(filed.number) if t["target"] == "sign")
    assert again["due_at"] > sign["due_at"]  # pyright: ignore[reportOperatorIssue]
    await room.office.move_clock_to(again["due_at"])  # pyright: ignore[reportArgumentType]
    await room.office.fire()
    keys = [key for key in await fired_keys(room, filed) if key[0] == "sign-10"]
    assert len(keys) == len(set(keys)) == 2


async def test_a_policy_that_changes_nothing_for_a_ticket_leaves_no_trace_but_its_version(room: Room) -> None:
    filed = [await room.office.file(reporter_email=None) for _ in range(3)]
    version = await new_policy(room, lambda policy: policy)
    assert await room.services.recomputes.work_due() == 3
    for one in filed:
        file = await room.office.file_of(one.number)
        assert file.ticket.policy_version == version
        assert {d.policy_version for d in file.deadlines} == {version}
        assert [e.type for e in file.events] == ["filed"]
    assert await room.services.recomputes.work_due() == 0
    assert await room.admin.fetchval("SELECT state FROM recompute") == "done"


async def test_another_rung_alone_is_armed_without_an_event(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    half = next(t for t in await room.office.timers(filed.number) if t["rung"] == "answer-half")
    version = await new_policy(room, without("answer-half"))
    assert await room.services.recomputes.work_due() == 1
    file = await room.office.file_of(filed.number)
    assert ([e.type for e in file.events], file.ticket.policy_version) == (["filed"], version)
    armed = next(t for t in await room.office.timers(filed.number) if t["target"] == "answer")
    assert armed["rung"] == "answer-soon"
    assert armed["due_at"] > half["due_at"]  # pyright: ignore[reportOperatorIssue]


async def test_a_policy_waits_for_its_date_and_one_that_is_not_for_open_tickets_touches_none(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    was, date_of_it = await due_of(room, filed), await room.office.now() + 2 * DAY
    await new_policy(room, answer_in(5), effective_from=date_of_it)
    assert await room.services.recomputes.work_due() == 0
    assert await due_of(room, filed) == was
    await room.office.move_clock_to(date_of_it)
    assert await room.services.recomputes.work_due() == 1
    assert await due_of(room, filed) < was
    shorter = await due_of(room, filed)
    await room.office.move_clock(DAY)
    await new_policy(room, answer_in(4), applies_to_open=False)
    await room.office.act(filed.number, c.Verify(), "petugas")
    assert await due_of(room, filed) == shorter
    assert await due_of(room, await room.office.file(reporter_email=None)) != shorter


async def test_a_version_that_was_taken_back_leaves_nothing_to_do(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    was, date_of_it = await due_of(room, filed), await room.office.now() + 2 * DAY
    version = await new_policy(room, answer_in(5), effective_from=date_of_it)
    async with room.admin.transaction():
        await room.admin.execute("UPDATE policy SET withdrawn_at = office_now() WHERE version = $1", version)
        await call_off_recompute(room.admin, 1, "policy", version)
    assert await room.services.recomputes.next_seconds() is None
    await room.services.offices.reload(1)
    await room.office.move_clock_to(date_of_it + timedelta(hours=1))
    assert await room.services.recomputes.work_due() == 0
    await room.office.act(filed.number, c.Verify(), "petugas")
    assert await due_of(room, filed) == was


async def test_a_ticket_that_somebody_holds_comes_in_a_later_round(room: Room) -> None:
    held, free = await room.office.file(reporter_email=None), await room.office.file(reporter_email=None)
    await close_days(room, next_working_day(await room.office.now()))
    async with room.admin.transaction():
        await room.admin.execute("SELECT 1 FROM ticket WHERE id = $1 FOR UPDATE", held.ticket_id)
        assert await room.services.recomputes.work_due() == 1
        assert "deadlines_moved" in await events(room, free)
        assert await room.admin.fetchval("SELECT state FROM recompute") == "running"
        assert await room.services.recomputes.next_seconds() == AGAIN_SECONDS
    assert await room.services.recomputes.work_due() == 1
    assert "deadlines_moved" in await events(room, held)
    assert await room.admin.fetchval("SELECT state FROM recompute") == "done"
    assert await room.services.recomputes.next_seconds() is None


async def test_four_workers_commands_and_timers_at_once_move_each_ticket_once(room: Room) -> None:
    filed = [await room.office.file(reporter_email=None) for _ in range(300)]
    due = await first_due(room, filed[-1].number)
    await room.office.move_clock_to(due)
    await close_days(room, next_working_day(await room.office.now(), 2))
    others = [await open_services(room.services.settings, hints=False) for _ in range(3)]
    try:
        workers = [room.services, *others]
        outcomes = await asyncio.gather(
            *(one.recomputes.work_due() for one in workers),
            *(one.timers.fire_due() for one in workers),
            *(room.office.act(one.number, c.Verify(), "petugas") for one in filed[:40]),
            return_exceptions=True,
        )
        assert [o for o in outcomes if isinstance(o, BaseException)] == []
        while await room.services.recomputes.work_due() or await room.office.fire():
            pass
    finally:
        for other in others:
            await other.close()
    moved = Counter(
        row["ticket_id"]
        for row in await room.admin.fetch("SELECT ticket_id FROM ticket_event WHERE type = 'deadlines_moved'")
    )
    assert moved == dict.fromkeys((one.ticket_id for one in filed), 1)
    assert await room.admin.fetchval("SELECT state FROM recompute") == "done"
    assert await audit(room.admin) == []


async def test_a_case_that_ended_under_the_old_policy_reopens_under_the_new_one(room: Room) -> None:
    filed = await room.office.file()
    for command in (c.Verify(), c.Start(), c.Answer(text="Paspor Anda dapat diambil."), c.Close()):
        await room.office.act(filed.number, command, "petugas")
    version = await new_policy(room, answer_in(6))
    assert await room.services.recomputes.work_due() == 0
    await room.office.move_clock(DAY)
    await room.office.act(filed.number, c.Reopen(reason="Ternyata belum selesai."), "petugas")
    file = await room.office.file_of(filed.number)
    answer = next(d for d in file.deadlines if d.target == "answer" and d.ended_at is None)
    assert (file.ticket.policy_version, answer.policy_version, answer.amount) == (version, version, 6)
    assert "deadlines_moved" not in [e.type for e in file.events]


async def test_a_ticket_whose_rows_contradict_the_rules_has_an_alarm_and_holds_up_nobody(room: Room) -> None:
    filed = [await room.office.file(reporter_email=None) for _ in range(6)]
    await room.admin.execute(
        "UPDATE deadline SET measure = 'years', granted_days = -1 WHERE ticket_id = $1", filed[2].ticket_id
    )
    await room.admin.execute("UPDATE deadline SET pauses = '[[1,2]]' WHERE ticket_id = $1", filed[2].ticket_id)
    await close_days(room, next_working_day(await room.office.now()))
    assert await room.services.recomputes.work_due() == 5
    assert await room.alarms() == [f"recompute_failed:{filed[2].ticket_id}"]
    assert await room.admin.fetchval("SELECT state FROM recompute") == "done"


async def test_the_citizen_is_told_when_a_promised_date_moves_later_and_not_when_it_moves_earlier(room: Room) -> None:
    later, earlier = await room.office.file(), await room.office.file(category="biaya-tidak-resmi")

    def change(policy: Policy) -> Policy:
        return msgspec.structs.replace(
            policy,
            targets=tuple(msgspec.structs.replace(t, amount=20) if t.target == "answer" else t for t in policy.targets),
        )

    was = {one.number: await due_of(room, one) for one in (later, earlier)}
    await new_policy(room, change)
    await room.services.recomputes.work_due()
    assert await due_of(room, later) > was[later.number]
    assert await due_of(room, earlier) < was[earlier.number]
    assert len(await room.rows(ticket_id=later.ticket_id, kind="time_granted")) == 1
    assert await room.rows(ticket_id=earlier.ticket_id, kind="time_granted") == []


async def test_a_move_forward_calls_off_what_is_not_yet_sent_and_a_move_back_does_not(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    await room.office.move_clock_to(await due_of(room, filed, "verify"))
    await room.office.fire()
    assert {row["state"] for row in await room.rows(ticket_id=filed.ticket_id, kind="rung")} == {"queued"}

    def verify_in(days: int) -> Callable[[Policy], Policy]:
        return lambda policy: msgspec.structs.replace(
            policy,
            targets=tuple(
                msgspec.structs.replace(t, amount=days) if t.target == "verify" else t for t in policy.targets
            ),
        )

    await new_policy(room, verify_in(2))
    await room.services.recomputes.work_due()
    about_due = [
        row["state"]
        for row in await room.rows(ticket_id=filed.ticket_id, kind="rung")
        if '"verify-due"' in row["params"]
    ]
    assert about_due
    assert set(about_due) == {"queued"}, "still missed, so its people still hear of it"
    await room.office.move_clock(timedelta(minutes=1))
    await new_policy(room, verify_in(9))
    await room.services.recomputes.work_due()
    assert {row["state"] for row in await room.rows(ticket_id=filed.ticket_id, kind="rung")} == {"cancelled"}


async def test_the_effects_that_are_shown_are_those_that_come(room: Room) -> None:
    filed = [await room.office.file(reporter_email=None) for _ in range(4)]
    filed.append(await room.office.file(reporter_email=None, category="biaya-tidak-resmi"))
    await room.office.act(filed[0].number, c.Verify(), "petugas")
    await room.office.move_clock(6 * DAY)
    await room.office.fire()
    office = await room.services.offices.reload(1)
    would_be = with_policy(office, answer_in(3)(office.policies[1]), await room.office.now())
    seen: list[tuple[int, int]] = []
    state = await room.admin.fetchval(
        "SELECT md5(string_agg(d::text, '' ORDER BY d.ticket_id, d.target)) FROM deadline AS d"
    )
    told = await effects_of(
        room.services.database,
        would_be,
        await room.office.now(),
        SYSTEM,
        lambda done, total: seen.append((done, total)),
    )
    assert state == await room.admin.fetchval(
        "SELECT md5(string_agg(d::text, '' ORDER BY d.ticket_id, d.target)) FROM deadline AS d"
    )
    assert seen[-1] == (5, 5)
    assert (told.looked_at, told.tickets, told.earlier, told.later, told.breached) == (5, 5, 5, 0, 5)
    assert told.movers[0].number == filed[-1].number, "60 days became 3"
    await new_policy(room, answer_in(3))
    await room.services.recomputes.work_due()
    row = await room.admin.fetchrow("SELECT moved, moved_later, breached FROM recompute")
    assert row is not None
    assert tuple(row) == (told.earlier + told.later, told.later, told.breached)
    for mover in told.movers:
        one = next(f for f in filed if f.number == mover.number)
        assert await due_of(room, one, mover.target) == mover.would_be_due_at


async def test_effects_name_no_case_that_the_reader_may_not_see(room: Room) -> None:
    filed = await room.office.file(reporter_email=None)
    office = await room.services.offices.reload(1)
    document = msgspec.json.decode(office.latest_calendar().document, type=dict[str, object])
    document["days_off"] = [next_working_day(await room.office.now()).isoformat()]
    would_be = with_calendar(office, msgspec.json.encode(document).decode())
    now, nobody = await room.office.now(), Scope.person(1, 999, [], [])
    assert {m.number for m in (await effects_of(room.services.database, would_be, now, SYSTEM)).movers} == {
        filed.number
    }
    hidden = await effects_of(room.services.database, would_be, now, nobody)
    assert (hidden.tickets, hidden.movers) == (1, ())
