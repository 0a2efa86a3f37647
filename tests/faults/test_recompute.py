"""Scenario 15: calendar and policy change under many open tickets while timers fire, people act and workers are killed.

Every deadline moves once a version, no rung fires twice or is passed over, and the dates that were stand in the timeline.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import asyncpg
import msgspec
import pytest

from complaints_service.database import SYSTEM, queries
from complaints_service.errors import DomainError
from complaints_service.office.model import Office, Policy
from complaints_service.office.store import office_from_json
from complaints_service.sla.recompute import changed_rows
from complaints_service.tickets import commands as c
from complaints_service.tickets.filed import Filed
from complaints_service.wiring import open_services
from tests.faults.service import WORKER, FaultyService, eventually
from tests.office import TheOffice
from tests.service.new_versions import publish_calendar, publish_policy

MANY = 240


@pytest.fixture
async def office(service: FaultyService) -> AsyncIterator[TheOffice]:
    """The same office, acted on from here: its own processes are killed meanwhile."""
    services = await open_services(service.settings(), hints=False)
    yield TheOffice(services, {})
    await services.close()


@pytest.fixture
async def admin(service: FaultyService) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(service.urls()[0])
    yield connection
    await connection.close()


async def as_it_is(admin: asyncpg.Connection) -> Office:
    row = await queries("office").office_rows(admin, office_id=1)
    return office_from_json(row["office"])


def shorter_and_other_rungs(policy: Policy) -> Policy:
    """Answers in 6 days instead of 14, and a ladder with its rungs renamed, one gone and one new."""
    targets = tuple(
        msgspec.structs.replace(t, amount=6) if t.target == "answer" and t.amount == 14 else t for t in policy.targets
    )
    rungs = tuple(
        msgspec.structs.replace(r, key="answer-nearly") if r.key == "answer-soon" else r
        for r in policy.rungs
        if r.key != "answer-half"
    )
    return msgspec.structs.replace(policy, targets=targets, rungs=rungs)


async def people_act(office: TheOffice, filed: list[Filed], over: asyncio.Event) -> int:
    """An officer works through the cases, whatever happens around; returns how many deeds were taken."""
    done = 0
    for one in filed:
        if over.is_set():
            break
        for command in (c.Verify(), c.Note(text="Berkas sudah diperiksa di loket, menunggu foto.")):
            try:
                await office.act(one.number, command, "petugas")
                done += 1
            except DomainError:  # the clock or another deed was first
                continue
    return done


async def test_versions_published_while_workers_die_move_each_date_once_and_pass_over_nothing(
    service: FaultyService, office: TheOffice, admin: asyncpg.Connection
) -> None:
    filed = [await office.file(reporter_email=None) for _ in range(MANY)]
    first = next(d.due_at for d in filed[-1].deadlines if d.target == "verify")
    over = asyncio.Event()
    acting = asyncio.create_task(people_act(office, filed[: MANY // 3], over))
    await office.move_clock_to(first - timedelta(hours=1))
    closed = [(first + timedelta(days=n)).date() for n in (1, 2)]
    await publish_calendar(admin, await as_it_is(admin), closed)
    for _ in range(2):
        await asyncio.sleep(random.uniform(0.05, 0.4))
        await service.kill_and_await_another(WORKER)
    await publish_policy(admin, await as_it_is(admin), shorter_and_other_rungs)
    await office.move_clock(timedelta(hours=2))
    for _ in range(3):
        await asyncio.sleep(random.uniform(0.05, 0.4))
        await service.kill_and_await_another(WORKER)

    async def all_done() -> bool:
        running = await admin.fetchval("SELECT count(*) FROM recompute WHERE state <> 'done'")
        due = await admin.fetchval("SELECT count(*) FROM sla_timer WHERE state = 'armed' AND due_at <= office_now()")
        return running == due == 0

    assert await eventually(all_done)
    assert await acting > 0
    over.set()
    await office.move_clock(timedelta(days=12))
    assert await eventually(all_done)

    ids = [one.ticket_id for one in filed]
    doubled = await admin.fetchval(
        "SELECT count(*) FROM (SELECT 1 FROM ticket_event WHERE type = 'rung_fired' GROUP BY ticket_id,"
        " body::json ->> 'rung', body::json ->> 'episode', body::json ->> 'occurrence' HAVING count(*) > 1) AS d"
    )
    assert doubled == 0
    twice = await admin.fetchval(
        "SELECT count(*) FROM (SELECT 1 FROM ticket_event WHERE type = 'deadlines_moved' GROUP BY ticket_id,"
        " body::json ->> 'policy_version', body::json ->> 'calendar_version' HAVING count(*) > 1) AS d"
    )
    assert twice == 0, "each version moves a case once"
    moved = await admin.fetch(
        "SELECT ticket_id, json_agg(body::json -> 'moved' ORDER BY seq) AS moves FROM ticket_event"
        " WHERE type = 'deadlines_moved' AND ticket_id = ANY ($1) GROUP BY ticket_id",
        ids,
    )
    assert {row["ticket_id"] for row in moved} == set(ids)
    promised = {one.ticket_id: {d.target: d.due_at for d in one.deadlines} for one in filed}
    for row in moved:
        for event in msgspec.json.decode(row["moves"], type=list[list[dict[str, str | int | bool]]]):
            for each in event:
                if each["target"] != "sign":
                    was = datetime.fromisoformat(str(each["from"]))
                    assert was == promised[row["ticket_id"]][str(each["target"])], (
                        "from the date that was promised last"
                    )
                    promised[row["ticket_id"]][str(each["target"])] = datetime.fromisoformat(str(each["to"]))
    final = await as_it_is(admin)
    now = await office.now()
    for one in filed[:: MANY // 20]:
        file = await office.file_of(one.number)
        assert changed_rows(final, file.ticket, file.deadlines, (), now) == ()
        answer = next(d for d in file.deadlines if d.target == "answer")
        assert answer.due_at == promised[one.ticket_id]["answer"]
        levels = [
            int(str(v["level"]))
            for e in file.events
            if e.type == "rung_fired" and (v := e.values())["target"] == "answer"
        ]
        assert levels == sorted(levels)
        assert {"answer-due", "answer-late"} <= {str(e.values()["rung"]) for e in file.events if e.type == "rung_fired"}
    assert await service.audit() == []


async def test_cases_that_another_worker_brings_up_while_they_are_being_locked_do_the_server_no_harm(
    service: FaultyService, office: TheOffice, admin: asyncpg.Connection
) -> None:
    """With a sub-select below the lock PostgreSQL itself died of this, and every connection with it (test_locked_rows.py)."""
    ids = [(await office.file(reporter_email=None)).ticket_id for _ in range(2)]
    await admin.execute("ANALYZE ticket, deadline")  # with these figures the sub-select was asked for each case
    version = await admin.fetchval("SELECT max(policy_version) FROM ticket WHERE id = ANY ($1)", ids)
    sql = queries("recompute").claim_lagging.sql
    assert sql.count(" SKIP LOCKED") == 1
    # It meets the rows of the other one at a sure moment when it waits for them.
    sql = sql.replace(" SKIP LOCKED", "")
    bring = "UPDATE ticket SET policy_version = policy_version + $2 WHERE id = ANY ($1)"
    other = admin.transaction()
    await other.start()
    await admin.execute(bring, ids, 1)
    async with office.services.database.transaction(SYSTEM) as connection:
        pid = connection.get_server_pid()
        locking = asyncio.create_task(connection.fetch(sql, 1, ids[0] - 1, ids[1], version + 1, 0))
        waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1"
        assert await eventually(lambda: admin.fetchval(waits, pid))
        await other.commit()
        locked = await locking
    assert [msgspec.json.decode(row["ticket"])["id"] for row in locked] == ids
    await admin.execute(bring, ids, -1)
