"""Parts that stay away, and deploys: everybody waits with them and nobody longer (scenarios 5 to 7)."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import uuid
from collections.abc import Iterator

import pytest

from complaints_service.processes import FIRST_PAUSE, LONGEST_PAUSE, longer
from tests.faults.held_down import FIRED, a_complaint, before_a_breach, held_down
from tests.faults.service import POSTGRES, VALKEY, WEB, WORKER, FaultyService, eventually
from workers.main import end_all

COMPLAINTS = "/api/v1/complaints"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyService]:
    """With leases that outlast a busy machine: what is sent twice here was not marked by a worker that was told to end."""
    running = FaultyService(
        tmp_path_factory.mktemp("outages") / "var", COMPLAINTS_SWEEP_SECONDS="1", COMPLAINTS_LEASE_SECONDS="60"
    )
    running.start()
    yield running
    running.stop()


def test_after_ten_minutes_of_failures_the_next_try_is_as_near_as_after_one() -> None:
    pause, waited, tries = FIRST_PAUSE, 0.0, 0
    while waited < 600:
        waited, tries, pause = waited + pause, tries + 1, longer(pause)
    assert tries > 100
    # Valkey is started by the supervisor, and then the worker has to try again.
    assert 2 * pause == 2 * LONGEST_PAUSE < 10


async def test_a_worker_ends_though_what_it_waits_in_swallows_the_order_to() -> None:
    async def deaf() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    parts = [asyncio.create_task(deaf()), asyncio.create_task(asyncio.sleep(3_600))]
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await end_all(parts, again_after=0.01)
    assert all(part.cancelled() for part in parts)


async def test_over_a_breach_without_postgresql_and_valkey_all_is_refused_and_then_the_rung_fires_once(
    service: FaultyService,
) -> None:
    number = await before_a_breach(service, 2)
    async with held_down(service, POSTGRES, VALKEY) as killed:
        assert await eventually(lambda: min(killed[POSTGRES], killed[VALKEY]) >= 4)
        for path, body in (
            (COMPLAINTS, a_complaint()),
            ("/api/v1/session", {"username": "admin", "password": "x" * 12}),
        ):
            answer = await service.post(path, body, str(uuid.uuid4()))
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) <= 10
    taken, met = await service.post_until_taken(COMPLAINTS, a_complaint(), str(uuid.uuid4()))
    assert taken.status_code == 201, taken.text
    assert set(met) <= {503}, "told to come back; web itself stayed"

    async def fired() -> bool:
        return await service.ask(FIRED, number) > 0

    assert await eventually(fired)
    assert await service.ask(FIRED, number) == 1
    assert await service.audit() == []


async def test_deploys_under_load_lose_nothing_send_nothing_twice_and_show_no_error(service: FaultyService) -> None:
    before = await service.ask("SELECT count(*) FROM ticket")
    readers: dict[str, str] = {}
    met: list[int] = []
    over = asyncio.Event()

    async def citizens() -> None:
        while not over.is_set():
            reader = f"{uuid.uuid4().hex}@example.org"
            body = {**a_complaint(), "reporter": {"email": reader}}
            answer, on_the_way = await service.post_until_taken(COMPLAINTS, body, str(uuid.uuid4()))
            assert answer.status_code == 201, answer.text
            readers[reader] = answer.json()["number"]
            met.extend(on_the_way)

    filing = [asyncio.create_task(citizens()) for _ in range(4)]
    for _ in range(3):
        reached = len(readers)
        assert await eventually(lambda reached=reached: len(readers) > reached + 5)
        told = {part: service.hurt(part, signal.SIGTERM) for part in (WEB, WORKER)}
        for part, pid in told.items():
            assert await eventually(lambda part=part, pid=pid: service.pid_of(part) not in (None, pid)), (part, pid)
        assert await eventually(lambda: service.status("/health/ready") == 200)
    over.set()
    await asyncio.gather(*filing)
    # 0: nobody listened for a moment, for which the proxy in front says 503.
    assert set(met) <= {0, 503}
    assert len(set(readers.values())) == len(readers)
    assert await service.ask("SELECT count(*) FROM ticket") == before + len(readers)
    assert await eventually(lambda: all(service.mails(reader) for reader in readers))
    assert [reader for reader in readers if len(service.mails(reader)) > 1] == [], (
        "told to end, a worker marks what it has sent"
    )
    assert await service.audit() == []
