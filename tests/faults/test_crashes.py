"""Kills and stops of every part of a whole service: nothing acknowledged is lost, nothing arrives without bound (I1, I3 to I6)."""

from __future__ import annotations

import asyncio
import os
import pickle
import random
import signal
import uuid
from pathlib import Path
from typing import Any

from complaints_service.dev.mail_catcher import read_mails
from complaints_service.queue import QUEUE_NAME, open_queue
from tests.faults.service import POSTGRES, VALKEY, WEB, WORKER, FaultyService, eventually

COMPLAINTS = "/api/v1/complaints"


def a_complaint(email: str | None = None) -> dict[str, object]:
    told: dict[str, object] = {"description": "Paspor saya belum jadi sejak lama.", "service": "paspor-baru"}
    return told | ({"reporter": {"email": email}} if email else {})


def somebody() -> str:
    return f"{uuid.uuid4().hex}@example.org"


async def filed(service: FaultyService, email: str | None = None) -> dict[str, Any]:
    answer = await service.post(COMPLAINTS, a_complaint(email), str(uuid.uuid4()))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_worker_killed_twice_on_the_road_still_brings_every_receipt(service: FaultyService) -> None:
    readers = [somebody() for _ in range(25)]
    filing = [asyncio.create_task(filed(service, reader)) for reader in readers]
    for arrived in (1, 10):
        assert await eventually(lambda arrived=arrived: sum(bool(service.mails(r)) for r in readers) >= arrived)
        await service.kill_and_await_another(WORKER)
    numbers = [answer["number"] for answer in await asyncio.gather(*filing)]
    assert await eventually(lambda: all(service.mails(reader) for reader in readers))

    async def all_marked() -> bool:
        return (
            await service.ask("SELECT count(*) FROM outbox WHERE kind = 'receipt' AND state IN ('queued', 'sending')")
            == 0
        )

    assert await eventually(all_marked)
    copies = 0
    for reader, number in zip(readers, numbers, strict=True):
        mails = service.mails(reader)
        assert len({mail.headers["Message-ID"] for mail in mails}) == 1, "copies can be recognised"
        assert all(number in mail.subject for mail in mails)
        copies += len(mails) - 1
    # Workers that send side by side hold one message for each; a kill can repeat only what was in hand.
    assert copies <= 2 * 8
    assert await service.audit() == []


async def test_with_valkey_standing_still_filing_timers_and_mail_go_on(service: FaultyService) -> None:
    stopped = service.hurt(VALKEY, signal.SIGSTOP)
    try:
        reader = somebody()
        ticket = await filed(service, reader)
        assert await eventually(lambda: bool(service.mails(reader)))
        verify = next(d["due_at"] for d in ticket["deadlines"] if d["target"] == "verify")
        await service.move_clock_to(verify)

        async def climbed() -> bool:
            return (
                await service.ask(
                    "SELECT count(*) FROM ticket_event AS e JOIN ticket AS t ON t.id = e.ticket_id"
                    " WHERE t.number = $1 AND e.type = 'rung_fired'",
                    ticket["number"],
                )
                > 0
            )

        assert await eventually(climbed)

        async def mailed() -> bool:
            """At once, or in the roll-up of the hour for who got many."""
            return await service.ask(
                "SELECT coalesce(bool_and(o.state IN ('sent', 'absorbed')), false) FROM outbox AS o"
                " JOIN ticket AS t ON t.id = o.ticket_id WHERE t.number = $1 AND o.kind = 'rung'",
                ticket["number"],
            )

        assert await eventually(mailed)
        assert any(mail.to != [reader] and "Seksi Lantaskim" in mail.text for mail in read_mails(service.data_dir))
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert await service.audit() == []


async def test_with_valkey_killed_again_and_again_nothing_is_missed(service: FaultyService) -> None:
    readers = [somebody() for _ in range(4)]
    for reader in readers:
        service.hurt(VALKEY, signal.SIGKILL)
        await filed(service, reader)
        assert await eventually(lambda: service.pid_of(VALKEY) is not None)
    assert await eventually(lambda: all(len(service.mails(reader)) == 1 for reader in readers))


async def test_a_pickle_planted_in_the_queue_is_not_run_and_stops_nothing(
    service: FaultyService, tmp_path: Path
) -> None:
    touched = tmp_path / "ran"
    payload = pickle.dumps({"t": 1, "f": "wake", "a": (Touch(touched),), "k": {}, "et": 0})
    assert not touched.exists()
    worker = service.pid_of(WORKER)
    async with await open_queue(service.urls()[1]) as valkey:
        for name, raw in (("pickle", payload), ("garbage", b"\xff\x00 no job"), ("empty", b"")):
            await valkey.set(f"arq:job:{name}", raw)
            await valkey.zadd(QUEUE_NAME, {name: 1})

        async def taken() -> bool:
            return [await valkey.zscore(QUEUE_NAME, name) for name in ("pickle", "garbage", "empty")] == [None] * 3

        assert await eventually(taken), "the worker has looked at them"
    assert not touched.exists()
    assert service.pid_of(WORKER) == worker
    reader = somebody()
    await filed(service, reader)
    assert await eventually(lambda: len(service.mails(reader)) == 1)
    pickle.loads(payload)  # noqa: S301 - the payload does what it says where somebody loads it
    assert touched.exists()


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self._path,)


async def test_killed_in_the_middle_of_due_timers_each_rung_is_there_once(service: FaultyService) -> None:
    tickets = await asyncio.gather(*(filed(service) for _ in range(120)))
    answer = next(d["due_at"] for d in tickets[-1]["deadlines"] if d["target"] == "answer")
    moving = asyncio.create_task(service.move_clock_to(answer))
    for _ in range(2):
        await asyncio.sleep(random.uniform(0.05, 0.3))
        await service.kill_and_await_another(WORKER)
    await moving

    async def none_due() -> bool:
        return await service.ask("SELECT count(*) FROM sla_timer WHERE state = 'armed' AND due_at <= office_now()") == 0

    assert await eventually(none_due)
    numbers = [ticket["number"] for ticket in tickets]
    fired = await service.ask(
        "SELECT count(*) FROM ticket_event AS e JOIN ticket AS t ON t.id = e.ticket_id"
        " WHERE t.number = ANY($1) AND e.type = 'rung_fired' AND e.body::json ->> 'rung' = 'answer-due'",
        numbers,
    )
    assert fired == len(numbers)
    doubled = await service.ask(
        "SELECT count(*) FROM (SELECT 1 FROM ticket_event WHERE type = 'rung_fired' GROUP BY ticket_id,"
        " body::json ->> 'rung', body::json ->> 'episode', body::json ->> 'occurrence' HAVING count(*) > 1) AS d"
    )
    assert doubled == 0
    assert await service.audit() == []


async def test_postgresql_restarted_under_load_is_503_then_recovery_and_no_ticket_twice(service: FaultyService) -> None:
    before = await service.ask("SELECT count(*) FROM ticket")
    numbers: list[str] = []
    met: list[int] = []
    over = asyncio.Event()

    async def citizens() -> None:
        while not over.is_set():
            answer, on_the_way = await service.post_until_taken(COMPLAINTS, a_complaint(), str(uuid.uuid4()))
            assert answer.status_code == 201
            numbers.append(answer.json()["number"])
            met.extend(on_the_way)

    filing = [asyncio.create_task(citizens()) for _ in range(6)]
    assert await eventually(lambda: len(numbers) > 20)
    pid = service.hurt(POSTGRES, signal.SIGQUIT)
    assert await eventually(lambda: service.pid_of(POSTGRES) not in (None, pid))
    reached = len(numbers)
    assert await eventually(lambda: len(numbers) > reached + 20), "filing goes on by itself"
    over.set()
    await asyncio.gather(*filing)
    assert set(met) == {503}, "told to come back; never an error of ours or a cut line"
    assert len(set(numbers)) == len(numbers)
    assert await service.ask("SELECT count(*) FROM ticket") == before + len(numbers)
    assert await eventually(lambda: service.status("/health/ready") == 200)
    assert await service.audit() == []


async def test_web_killed_at_random_while_it_files_loses_and_doubles_nothing(service: FaultyService) -> None:
    before = await service.ask("SELECT count(*) FROM ticket")
    keys = [str(uuid.uuid4()) for _ in range(60)]

    async def citizen(key: str) -> str:
        await asyncio.sleep(random.uniform(0, 1.5))
        answer, _ = await service.post_until_taken(COMPLAINTS, a_complaint(), key)
        assert answer.status_code == 201
        return answer.json()["number"]

    filing = [asyncio.create_task(citizen(key)) for key in keys]
    for _ in range(2):
        await asyncio.sleep(random.uniform(0.1, 0.4))
        await service.kill_and_await_another(WEB)
    numbers = await asyncio.gather(*filing)
    assert len(set(numbers)) == len(keys)
    assert await service.ask("SELECT count(*) FROM ticket") == before + len(keys)
    again = await asyncio.gather(*(service.post_until_taken(COMPLAINTS, a_complaint(), key) for key in keys))
    assert [answer.json()["number"] for answer, _ in again] == list(numbers)
    assert await service.audit() == []


async def test_after_all_of_it_ctrl_c_ends_every_process(service: FaultyService) -> None:
    assert await asyncio.to_thread(service.interrupt) == 0
    assert service.members() == {}
