"""Simulations over the real database: the answer, one run at a time, in the background, given up, and nothing written."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import msgspec
import pytest

from complaints_service.database import SYSTEM
from complaints_service.errors import Refused
from complaints_service.management.simulate import while_connected
from complaints_service.settings import Settings
from complaints_service.sla.holiday_data import seeded_office_document
from complaints_service.sla.policy_document import document_of
from complaints_service.sla.simulation_board import Board, Job, State
from complaints_service.sla.simulation_jobs import SimulationJobs
from complaints_service.sla.simulation_run import Asked, Sight
from complaints_service.tickets.commands import Answer, Ask, Assign, Note, Reply, Start, Verify
from complaints_service.tickets.model import Channel
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice
from tests.servers import Running, on_database
from tests.service.test_accounts_http import sign_in

URL = "/api/v1/policies/simulate"


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def admin(app: Any, the_office: TheOffice) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator with a session, and the token of its writes."""
    async with client_of(app) as client:
        client.headers.update(await sign_in(client, the_office.passwords["admin"], "admin"))
        yield client


async def asked_for(the_office: TheOffice, **more: object) -> dict[str, object]:
    """The last hundred days, and whatever else."""
    now = await the_office.now()
    return {
        "from": (now - timedelta(days=100)).date().isoformat(),
        "to": (now + timedelta(days=1)).date().isoformat(),
    } | more


async def halved(the_office: TheOffice) -> dict[str, object]:
    """The policy in force with one working day for every answer."""
    policy = document_of((await the_office.office()).policy_at(await the_office.now()))
    targets = tuple(
        msgspec.structs.replace(target, amount=1, measure="working_days") if target.target == "answer" else target
        for target in policy.targets
    )
    return msgspec.to_builtins(msgspec.structs.replace(policy, targets=targets))


async def a_life(the_office: TheOffice) -> str:
    """A letter of forty days ago, with a question, a reply, a note and an answer; its number."""
    received = await the_office.now() - timedelta(days=40)
    filed = await the_office.file(channel=Channel.LETTER, received_at=received)
    for command in (Verify(), Assign(assignee="petugas"), Start(), Ask(text="Nomor berapa?")):
        await the_office.act(filed.number, command, "petugas")
    await the_office.reporter_acts(filed, Reply(text="Nomor 123."))
    await the_office.act(filed.number, Note(text="Berkas ditemukan di loket tiga."), "petugas")
    await the_office.act(filed.number, Answer(text="Sudah jadi, silakan diambil."), "petugas")
    return filed.number


async def test_played_by_its_own_versions_the_history_comes_out_as_it_is_stored(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    await a_life(the_office)
    await the_office.fire()
    answer = await admin.post(URL, json=await asked_for(the_office))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["tickets"] > 0
    assert told["unreadable"] == 0
    assert told["control"]["alike"] == told["control"]["promises"] > 0
    for row in told["deadlines"]:
        assert row["was"] == row["simulated"], row["target"]
    assert told["changed"] == []
    assert len(told["limits"]) >= 4


async def test_a_stricter_policy_breaks_more_promises_and_names_the_tickets(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    number = await a_life(the_office)
    told = (await admin.post(URL, json=await asked_for(the_office, policy=await halved(the_office)))).json()
    assert told["breached"]["simulated"] >= told["breached"]["was"]
    answers = next(row for row in told["deadlines"] if row["target"] == "answer")
    assert answers["simulated"]["late_minutes"] > answers["was"]["late_minutes"]
    assert told["messages"]["simulated"]["total"] > 0
    person = told["messages"]["simulated"]["people"][0]
    assert sum(person["days"].values()) == person["total"]
    assert number in {ticket["number"] for ticket in told["changed"]} or len(told["changed"]) == 20


def name_of(settings: Settings) -> str:
    """The database of this worker."""
    return urlsplit(str(settings.database_url)).path.strip("/")


async def digest_of(url: str) -> str:
    """All rows of all tables of a database as one digest."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        whole = hashlib.sha256()
        for table in tables:
            if table["tablename"] in ("heartbeat", "session", "access_log"):
                continue
            rows = await connection.fetchval(
                f"SELECT coalesce(string_agg(md5(t::text), '' ORDER BY t::text), '') FROM \"{table['tablename']}\" AS t"  # noqa: S608
            )
            whole.update(f"{table['tablename']}:{rows};".encode())
        return whole.hexdigest()
    finally:
        await connection.close()


async def test_nothing_is_written(
    admin: httpx.AsyncClient, the_office: TheOffice, running: Running, settings: Settings
) -> None:
    await a_life(the_office)
    url = on_database(running.admin_url, name_of(settings))
    body = await asked_for(the_office, policy=await halved(the_office))
    before = await digest_of(url)
    assert (await admin.post(URL, json=body)).status_code == 200
    started = await admin.post(URL, json=body, headers={"Prefer": "respond-async"})
    await finished(admin, started)
    assert await digest_of(url) == before


async def finished(admin: httpx.AsyncClient, started: httpx.Response) -> dict[str, Any]:
    """Look until the run has ended."""
    assert started.status_code == 202, started.text
    assert started.headers["preference-applied"] == "respond-async"
    place = started.headers["location"]
    async with asyncio.timeout(60):
        while True:
            answer = await admin.get(place)
            assert answer.status_code == 200, answer.text
            if answer.json()["state"] != "running":
                return answer.json()
            await asyncio.sleep(0.05)


async def test_in_the_background_it_tells_how_far_it_is_and_then_the_result(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    await a_life(the_office)
    started = await admin.post(URL, json=await asked_for(the_office), headers={"Prefer": "respond-async, wait=0"})
    told = await finished(admin, started)
    assert told["state"] == "done"
    assert told["done"] == told["total"] == told["result"]["tickets"] > 0


async def test_anybody_elses_run_does_not_exist(app: Any, admin: httpx.AsyncClient, the_office: TheOffice) -> None:
    started = await admin.post(URL, json=await asked_for(the_office), headers={"Prefer": "respond-async"})
    place = started.headers["location"]
    async with client_of(app) as other:
        await sign_in(other, the_office.passwords["kepala"], "kepala")
        assert (await other.get(place)).status_code == 404
    await finished(admin, started)
    assert (await admin.get("/api/v1/simulations/unknown")).status_code == 404


async def asked_and_sight(the_office: TheOffice) -> tuple[Asked, Sight]:
    office, person, now = await the_office.office(), await the_office.person("admin"), await the_office.now()
    sight = Sight(SYSTEM, tuple(office.units), (), person.id)
    return Asked(received_from=now - timedelta(days=900), received_before=now), sight


async def test_one_run_an_office_at_a_time(services: Services, the_office: TheOffice, running: Running) -> None:
    office, (asked, sight) = await the_office.office(), await asked_and_sight(the_office)
    holder = await asyncpg.connect(on_database(running.admin_url, name_of(services.settings)))
    try:
        async with holder.transaction():
            assert await holder.fetchval("SELECT pg_try_advisory_xact_lock(727104, $1)", office.id)
            with pytest.raises(Refused):
                await services.simulations.at_once(office, sight, asked)
            with pytest.raises(Refused):
                await services.simulations.start(office, sight, asked)
    finally:
        await holder.close()
    assert (await services.simulations.at_once(office, sight, asked)).tickets >= 0


async def test_a_run_is_stopped_and_its_processes_with_it(services: Services, the_office: TheOffice) -> None:
    await a_life(the_office)
    office, (asked, sight) = await the_office.office(), await asked_and_sight(the_office)
    job = await services.simulations.start(office, sight, asked)
    await services.simulations.stop(office, sight.person_id, job.id)
    stands = await services.simulations.look(office, sight.person_id, job.id)
    assert stands is not None
    assert stands.state in (State.CANCELLED, State.DONE)
    again = await services.simulations.at_once(office, sight, asked)
    assert again.tickets > 0, "the place is free again"


async def test_what_valkey_forgets_is_started_again_and_without_valkey_a_process_remembers(settings: Settings) -> None:
    job = Job(id="one", office_id=1, person_id=1, state=State.DONE)
    board = Board(settings.redis_url)
    await board.put(job)
    other = Board(settings.redis_url)
    assert await other.get("one") == job
    assert await other.watched("one")
    assert await other.get("two") is None
    alone = Board(None)
    await alone.put(job)
    assert await alone.get("one") == job
    assert not await alone.watched("never")
    for each in (board, other):
        await each.close()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"from": "2026-02-31"}, "/from"),
        ({"from": "kemarin-dulu"}, "/from"),
        ({"to": "2020-01-01"}, "/to"),
        ({"from": "0001-01-01T00:00:00Z"}, "/from"),
        ({"unit": "bulan"}, "/unit"),
        ({"calendar": {"time_zone": "Mars/Olympus"}}, "/calendar/time_zone"),
        ({"calendar": {"time_zone": "Asia/Jakarta"}}, "/calendar"),
        ({"calendar": []}, "/calendar"),
        ({"policy": {"targets": []}}, "/policy/effective_from"),
        ({"policy": 7}, "/policy"),
        ({"unknown": 1}, "/unknown"),
    ],
)
async def test_bad_input_is_refused_by_place(
    admin: httpx.AsyncClient, the_office: TheOffice, body: dict[str, object], pointer: str
) -> None:
    answer = await admin.post(URL, json=await asked_for(the_office, **body))
    assert answer.status_code == 422, answer.text
    assert pointer in {problem["pointer"] for problem in answer.json()["errors"]}


async def test_a_calendar_alone_can_be_played(admin: httpx.AsyncClient, the_office: TheOffice) -> None:
    await a_life(the_office)
    document = msgspec.to_builtins(seeded_office_document())
    document["weekly"] = {"mon": document["weekly"]["mon"]}
    told = (await admin.post(URL, json=await asked_for(the_office, calendar=document))).json()
    assert told["changed"]
    assert all(ticket["simulated_due"] > ticket["was_due"] for ticket in told["changed"])


async def test_only_what_is_under_the_unit_is_played(admin: httpx.AsyncClient, the_office: TheOffice) -> None:
    whole = (await admin.post(URL, json=await asked_for(the_office))).json()
    part = (await admin.post(URL, json=await asked_for(the_office, unit="intaltuskim"))).json()
    assert part["tickets"] < whole["tickets"]
    assert {unit["unit"] for unit in part["units"]} <= {"intaltuskim"}


async def test_the_jobs_of_a_process_end_with_it(settings: Settings, services: Services, the_office: TheOffice) -> None:
    jobs = SimulationJobs(services.database, settings)
    office, (asked, sight) = await the_office.office(), await asked_and_sight(the_office)
    await jobs.start(office, sight, asked)
    await jobs.close()
    assert not jobs.running


async def test_a_call_whose_caller_hangs_up_is_given_up() -> None:
    given_up = asyncio.Event()

    async def work() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        return 1

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    assert await while_connected(receive, work()) is None
    assert given_up.is_set()


async def test_an_answer_that_is_there_reaches_the_caller() -> None:
    async def work() -> int:
        return 7

    async def receive() -> Any:
        await asyncio.Event().wait()

    assert await while_connected(receive, work()) == 7
