"""Several processes of the service at once, and what happens to one of them meanwhile (scenarios 2, 5, 14, 27, 28).

One web and one worker carry the file from test to test: after the migration they are the version before.
"""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from complaints_service.clock import machine_now
from complaints_service.migrations import apply
from complaints_service.tickets import commands as c
from tests.faults.beside import Beside, WrongClock
from tests.faults.service import PLAIN, eventually
from tests.faults.struck import audited
from tests.forked import Forked
from tests.servers import Running
from tests.service.outbox_room import Room, a_room

MANY = 50
# As a release would bring them: columns with and without a default on every table that commands write, one table in each migration; a
# constraint that old rows must keep; an index; old rows filled in batches. What reads all rows stands outside of a transaction.
WRITTEN = ("ticket", "ticket_event", "message", "deadline", "sla_timer", "outbox", "complaint_text")
EXPAND = """-- One more column
-- depends: {before}

-- migrate: apply
ALTER TABLE {table} ADD COLUMN heard_at text, ADD COLUMN weight integer NOT NULL DEFAULT 1;
ALTER TABLE {table} ADD CONSTRAINT {table}_heard_at_known CHECK (heard_at <> '') NOT VALID;

-- migrate: rollback
SELECT 1;
"""
MIGRATE = """-- Old complaints were heard of at their door
-- depends: expand_complaint_text
-- transaction: false

-- migrate: apply
CREATE INDEX CONCURRENTLY IF NOT EXISTS ticket_heard_at ON ticket (office_id, heard_at) WHERE heard_at IS NOT NULL;
DO $$
DECLARE
    upto bigint := 0;
    highest constant bigint := (SELECT coalesce(max(id), 0) FROM ticket);
BEGIN
    WHILE upto < highest LOOP
        UPDATE ticket SET heard_at = channel WHERE id > upto AND id <= upto + 20 AND heard_at IS NULL;
        upto := upto + 20;
        COMMIT;
        RAISE NOTICE '% of %', least(upto, highest), highest;
    END LOOP;
END $$;
ALTER TABLE ticket VALIDATE CONSTRAINT ticket_heard_at_known;

-- migrate: rollback
SELECT 1;
"""


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("beside"), rate_filing_per_minute="0") as opened:
        yield opened


@pytest.fixture(scope="module")
async def web(room: Room) -> AsyncIterator[Beside]:
    process = Beside(room, "web", probe_seconds="0.3")
    async with process.running():
        yield process


@pytest.fixture(scope="module")
async def worker(room: Room) -> AsyncIterator[Forked]:
    async with Beside(room, "worker", probe_seconds="0.3", lease_seconds="20").running() as process:
        yield process


async def post(web: Beside, text: str, key: str, email: str | None = None) -> httpx.Response:
    """From a connection of its own."""
    body: dict[str, object] = {"description": text} | ({"reporter": {"email": email}} if email else {})
    async with httpx.AsyncClient(base_url=web.address, timeout=30, verify=PLAIN) as client:
        return await client.post("/api/v1/complaints", json=body, headers={"Idempotency-Key": key})


async def readiness(web: Beside) -> httpx.Response:
    async with httpx.AsyncClient(base_url=web.address, timeout=30, verify=PLAIN) as client:
        return await client.get("/health/ready")


@asynccontextmanager
async def under(*load: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Each turn again and again until the block ends; the first that fails fails the block."""
    over = asyncio.Event()

    async def again_and_again(turn: Callable[[], Awaitable[None]]) -> None:
        while not over.is_set():
            await turn()

    async with asyncio.TaskGroup() as group:
        for turn in load:
            group.create_task(again_and_again(turn))
        yield
        over.set()


async def test_the_same_key_from_50_connections_at_once_is_one_ticket(web: Beside, room: Room) -> None:
    text, key = f"Antrean {uuid.uuid4()} tidak bergerak.", str(uuid.uuid4())
    answers = await asyncio.gather(*(post(web, text, key) for _ in range(MANY)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await room.admin.fetchval("SELECT count(*) FROM complaint_text WHERE description = $1", text) == 1


async def test_a_release_like_migration_while_the_version_before_is_under_load(
    web: Beside, worker: Forked, room: Room, tmp_path: Path
) -> None:
    for before, table in zip(("", *WRITTEN), WRITTEN, strict=False):
        depends = f"expand_{before}" if before else ""
        (tmp_path / f"expand_{table}.sql").write_text(EXPAND.format(table=table, before=depends))
    (tmp_path / "migrate.sql").write_text(MIGRATE)
    for _ in range(MANY):
        await room.office.file(reporter_email=None)
    met: Counter[int] = Counter()
    numbers: list[str] = []
    told: list[tuple[int, int]] = []

    async def citizens() -> None:
        answer = await post(web, "Paspor saya belum jadi.", str(uuid.uuid4()), "siti@example.org")
        numbers.append(answer.json()["number"])
        met.update([answer.status_code, (await readiness(web)).status_code])

    async def officers() -> None:
        filed = await room.office.file(reporter_email=None)
        await room.office.act(filed.number, c.Verify(), "petugas")
        await room.office.act(filed.number, c.Start(), "petugas")
        await room.office.act(filed.number, c.Answer(text="Paspor Anda sudah jadi.", resolves=True), "petugas")
        numbers.append(filed.number)

    newer = Beside(room, "web")
    async with under(citizens, officers):
        assert await eventually(lambda: len(numbers) > 5)
        applied = await apply(room.admin, tmp_path, lambda done, of, _: told.append((done, of)))
        before = len(numbers)
        assert await eventually(lambda: len(numbers) > before + 5)
        async with newer.running():
            # The version after, beside it: whoever tries again elsewhere gets the same number.
            key = str(uuid.uuid4())
            both = [await post(one, "Loket 3 tutup.", key) for one in (newer, web)]
    numbers.append(both[0].json()["number"])

    assert applied == [*(f"expand_{table}" for table in WRITTEN), "migrate"]
    assert told[-1][0] == told[-1][1] > MANY
    assert len({answer.json()["number"] for answer in both}) == 1
    assert set(met) == {200, 201}, met
    assert (
        len(set(numbers))
        == len(numbers)
        == await room.admin.fetchval("SELECT count(*) FROM ticket WHERE number = ANY ($1)", numbers)
    )
    assert await room.admin.fetchval("SELECT count(*) FROM ticket WHERE weight <> 1 OR heard_at = ''") == 0

    async def all_sent() -> bool:
        return not await room.admin.fetchval(
            "SELECT count(*) FROM outbox WHERE kind = 'receipt' AND state IN ('queued', 'sending')"
        )

    assert await eventually(all_sent), "the worker of the version before goes on"
    assert await audited(room) == []


async def test_a_worker_that_stands_still_is_degraded_with_an_alarm_and_both_end_when_it_goes_on(
    web: Beside, worker: Forked, room: Room
) -> None:
    async def stalled() -> bool:
        answer = await readiness(web)
        assert answer.status_code == 200, "web goes on to serve"
        told = "worker_stalled" in answer.json()["reasons"] and answer.json()["status"] == "degraded"
        return told and "worker_stalled" in await room.alarms()

    async def well() -> bool:
        return (
            "worker_stalled" not in (await readiness(web)).json()["reasons"]
            and "worker_stalled" not in await room.alarms()
        )

    assert await eventually(well)
    worker.send_signal(signal.SIGSTOP)
    try:
        assert await eventually(stalled)
    finally:
        worker.send_signal(signal.SIGCONT)
    assert await eventually(well)


async def test_told_to_stop_twice_while_a_mail_is_on_its_way_it_leaves_once_and_no_try_is_used_up(
    worker: Forked, room: Room
) -> None:
    reader = f"{uuid.uuid4().hex}@example.org"
    room.postbox.slow = 0.5
    filed = await room.office.file(reporter_email=reader)

    async def on_its_way() -> bool:
        rows = await room.rows(ticket_id=filed.ticket_id, kind="receipt", state="sending")
        return room.postbox.at_once > 0 and len(rows) == 1

    assert await eventually(on_its_way)
    worker.terminate()
    worker.terminate()
    async with asyncio.timeout(30):
        assert await worker.end() == 0
    room.postbox.slow = 0.0
    assert len(room.postbox.to(reader)) == 1
    row = (await room.rows(ticket_id=filed.ticket_id, kind="receipt"))[0]
    assert (row["state"], row["attempts"]) == ("sent", 1)


async def test_workers_whose_clocks_are_wrong_fire_and_send_as_the_database_says(
    worker: Forked, room: Room, tmp_path: Path
) -> None:
    assert worker.returncode is not None, "only the wrong ones work here"
    behind = WrongClock(room, tmp_path / "behind", -3600.0, "Asia/Jayapura")
    ahead = WrongClock(room, tmp_path / "ahead", 86_400.0, "America/St_Johns")
    readers = [f"{uuid.uuid4().hex}@example.org" for _ in range(6)]
    filed = [await room.office.file(reporter_email=reader) for reader in readers]
    ids = [one.ticket_id for one in filed]
    due = max(d.due_at for d in filed[0].deadlines if d.target == "verify")

    async def done() -> bool:
        left: bool = await room.admin.fetchval(
            "SELECT EXISTS (SELECT 1 FROM sla_timer WHERE state = 'armed' AND due_at <= office_now())"
            " OR EXISTS (SELECT 1 FROM outbox WHERE state IN ('queued', 'sending') AND released_at <= office_now())"
        )
        return not left

    async def rungs() -> list[int]:
        rows = await room.admin.fetch("SELECT ticket_id FROM ticket_event WHERE type = 'rung_fired'")
        return [row["ticket_id"] for row in rows if row["ticket_id"] in ids]

    async with behind.at_work(), ahead.at_work():
        assert await eventually(done)
        assert await rungs() == [], "neither is a day ahead for the office"
        await room.office.move_clock_to(due + timedelta(minutes=1))
        assert await eventually(done)
        assert set(await rungs()) == set(ids), "neither is an hour behind"
    for wrong, seconds in ((behind, -3600.0), (ahead, 86_400.0)):
        off = datetime.fromisoformat(wrong.note.read_text()) - machine_now().astimezone(UTC)
        assert abs(off.total_seconds() - seconds) < 600, "it was wrong indeed"
    for reader in readers:
        receipts = [mail for mail in room.postbox.to(reader) if str(mail.message["Message-ID"])]
        assert len({str(mail.message["Message-ID"]) for mail in receipts}) == len(receipts) >= 1
    await room.admin.execute("UPDATE clock_shift SET moved_at = '2020-01-01'")
    assert await audited(room) == []
