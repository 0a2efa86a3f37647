"""The development tools: office time moves forward for all, mails and people are shown, work is done at once; only on this machine."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from complaints_service.clock import machine_now
from complaints_service.dev.clock import ClockMove, MovableClock, span
from complaints_service.dev.mail_catcher import CaughtMail, mail_folder
from complaints_service.errors import Invalid, Refused
from complaints_service.settings import Settings
from complaints_service.waker import NoWaker
from complaints_service.wiring import Services
from tests.app_client import client_of, opened_app, started_app
from tests.servers import Running
from tests.service.outbox_room import a_room

TOOLS = ("/dev", "/dev/mail", "/dev/mail.json", "/dev/people", "/dev/clock")


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    """The application on this worker's database."""
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody on this machine."""
    async with client_of(app) as opened:
        yield opened


class CountingWaker(NoWaker):
    """Counts the hints."""

    def __init__(self) -> None:
        self.hints = 0

    def wake(self) -> None:
        self.hints += 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3d4h5m6s", 273906),
        ("1d", 86400),
        ("4h", 14400),
        ("5m", 300),
        ("6s", 6),
        ("1d1s", 86401),
        ("0s", 0),
        ("90m", 5400),
    ],
)
def test_a_span_is_any_subset_of_days_hours_minutes_seconds(text: str, seconds: int) -> None:
    assert span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "d", "1", "1w", "-1d", "1h1d", "1.5h", "1d ", "P1D", "999999999999d", "١d"])
def test_other_spans_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        span(text)


async def test_office_time_moves_forward_for_sql_and_this_process_and_wakes_the_workers(services: Services) -> None:
    waker = CountingWaker()
    movable = MovableClock(services.database, services.clock, waker)
    before = await movable.read()
    after = await movable.move(ClockMove(advance="1h2m3s"))
    assert timedelta(hours=1, minutes=2, seconds=3) <= after.now - before.now < timedelta(hours=1, minutes=3)
    assert after.offset_seconds == pytest.approx(before.offset_seconds + 3723)
    async with services.database.connection() as connection:
        in_sql: datetime = await connection.fetchval("SELECT office_now()")
        noted = await connection.fetchrow("SELECT * FROM clock_move ORDER BY id DESC LIMIT 1")
    assert abs(in_sql - services.clock.now()) < timedelta(minutes=1)
    assert noted is not None
    assert noted["office_time_after"] - noted["office_time_before"] == timedelta(seconds=3723)
    assert waker.hints == 1


async def test_office_time_can_be_set_to_an_instant_to_come(services: Services) -> None:
    movable = MovableClock(services.database, services.clock, NoWaker())
    target = (await movable.read()).now + timedelta(minutes=90)
    assert timedelta(0) <= (await movable.move(ClockMove(set=target))).now - target < timedelta(minutes=1)


async def test_office_time_never_moves_back_and_a_refused_move_changes_nothing(services: Services) -> None:
    movable = MovableClock(services.database, services.clock, NoWaker())
    before = await movable.read()
    with pytest.raises(Refused) as caught:
        await movable.move(ClockMove(set=before.now - timedelta(seconds=1)))
    assert (caught.value.status, caught.value.code) == (409, "clock_backward")
    for wrong in (
        ClockMove(),
        ClockMove(advance="1d", set=before.now + timedelta(days=1)),
        ClockMove(set=datetime(2099, 1, 1)),  # noqa: DTZ001 - without a zone on purpose
        ClockMove(set=datetime(2101, 1, 1, tzinfo=UTC)),
        ClockMove(advance="99999d"),
    ):
        with pytest.raises(Invalid):
            await movable.move(wrong)
    assert (await movable.read()).offset_seconds == before.offset_seconds


async def test_two_moves_at_once_both_count(services: Services) -> None:
    movable = MovableClock(services.database, services.clock, NoWaker())
    before = await movable.read()
    await asyncio.gather(*(movable.move(ClockMove(advance="1m")) for _ in range(4)))
    assert (await movable.read()).offset_seconds == pytest.approx(before.offset_seconds + 240)


async def test_the_clock_over_http(client: httpx.AsyncClient) -> None:
    before = (await client.get("/dev/clock")).json()
    moved = await client.post("/dev/clock", json={"advance": "5s"})
    assert moved.status_code == 200
    assert moved.json()["offset_seconds"] == pytest.approx(before["offset_seconds"] + 5)
    by_curl = await client.post(
        "/dev/clock", content=b'{"advance":"1s"}', headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert by_curl.status_code == 200
    by_form = await client.post("/dev/clock", data={"advance": "1s"})
    assert (by_form.status_code, by_form.headers["location"]) == (303, "/dev")
    assert (await client.post("/dev/clock", json={"set": "2020-01-01T00:00:00Z"})).status_code == 409
    for body in (b"{", b"[]", b'{"advance":1}', b'{"back":"1d"}', b"", b"\xff"):
        answer = await client.post("/dev/clock", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), body
    assert (await client.get("/dev/clock")).json()["offset_seconds"] == pytest.approx(before["offset_seconds"] + 7)


async def test_drain_fires_what_is_due_sends_what_waits_and_leaves_nothing(running: Running, tmp_path: Path) -> None:
    async with a_room(running, tmp_path) as room, opened_app(room.services.settings, room.services) as client:
        filed = await room.office.file()
        await room.office.move_clock(timedelta(days=5))
        now = await room.office.now()
        drained = (await client.post("/dev/workers/drain")).json()
        assert drained["timers_fired"] >= 1
        assert drained["messages_sent"] == len(room.postbox.taken) >= 2
        assert drained["left"] == 0
        assert "queued" not in await room.states()
        assert all(
            isinstance(row["due_at"], datetime) and row["due_at"] > now
            for row in await room.office.timers(filed.number)
        )
        again = (await client.post("/dev/workers/drain")).json()
        assert again == {"timers_fired": 0, "messages_sent": 0, "left": 0}


async def test_people_and_their_passwords_are_those_that_sign_in(client: httpx.AsyncClient, settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    made = [{"username": "petugas", "password": "kata-sandi", "role": "officer", "unit": "Seksi Lantaskim"}]
    (settings.data_dir / "demo_people.json").write_bytes(msgspec.json.encode(made))
    try:
        assert (await client.get("/dev/people")).json() == made
        assert "kata-sandi" in (await client.get("/dev")).text
    finally:
        (settings.data_dir / "demo_people.json").unlink()
    assert (await client.get("/dev/people")).json() == []


async def test_caught_mails_are_listed_newest_first_and_shown_without_running_them(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    folder = mail_folder(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"20991231T0000000000{n}-{secrets.token_hex(4)}" for n in (1, 2)]
    for name in names:
        mail = CaughtMail(
            id=name,
            to=["siti@example.org"],
            sender="pengaduan@example.go.id",
            subject="<b>Pengaduan</b> diterima",
            text="Lihat http://127.0.0.1:8000/m/abc <script>alert(1)</script>",
            html="<p onclick=x>Halo</p><script>alert(1)</script>",
            headers={"Message-ID": "<a@b>", "X-Odd": "<img src=x>"},
            received_at=machine_now(),
        )
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(mail))
    listed = (await client.get("/dev/mail.json")).json()
    assert [mail["id"] for mail in listed[:2]] == names[::-1]
    assert set(listed[0]) == {"id", "to", "from", "subject", "text", "html", "headers", "received_at"}
    for path in ("/dev/mail", f"/dev/mail/{names[0]}"):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<b>Pengaduan</b>" not in answer.text
        assert "<img" not in answer.text
    assert 'href="http://127.0.0.1:8000/m/abc"' in (await client.get(f"/dev/mail/{names[0]}")).text
    shown = await client.get(f"/dev/mail/{names[0]}/html")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "sandbox" in shown.headers["content-security-policy"]
    assert "allow-scripts" not in shown.headers["content-security-policy"]
    assert (await client.get("/dev/mail/nothing")).status_code == 404
    assert (await client.get("/dev/mail/..%2f..%2fsecret.key")).status_code == 404
    for name in names:
        (folder / f"{name}.json").unlink()


@pytest.mark.parametrize(
    ("address", "host", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8000", 200),
        ("127.0.0.1", "localhost:8123", 200),
        ("::1", "[::1]:8000", 200),
        ("192.0.2.7", "127.0.0.1:8000", 403),
        ("192.0.2.7", "192.0.2.1:8000", 403),
        ("127.0.0.1", "pengaduan.example:8000", 403),
        ("127.0.0.1", "127.0.0.1.evil.example", 403),
    ],
)
async def test_only_somebody_on_this_machine_sees_the_tools(app: Any, address: str, host: str, status: int) -> None:
    async with client_of(app, address) as client:
        for path in TOOLS:
            answer = await client.get(path, headers={"Host": host, "X-Forwarded-For": "127.0.0.1"})
            assert answer.status_code == status, path
        assert (await client.post("/dev/clock", json={"advance": "0s"}, headers={"Host": host})).status_code == status


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
async def test_another_site_cannot_move_the_clock_through_a_browser(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    before = (await client.get("/dev/clock")).json()["offset_seconds"]
    for sent in ({"json": {"advance": "1d"}}, {"data": {"advance": "1d"}}):
        assert (await client.post("/dev/clock", headers=headers, **sent)).status_code == 403
    assert (await client.get("/dev/clock")).json()["offset_seconds"] == before


async def test_without_dev_there_are_no_tools(settings: Settings, services: Services) -> None:
    plain = msgspec.structs.replace(services, settings=msgspec.structs.replace(settings, dev=False))
    async with opened_app(plain.settings, plain) as client:
        for path in TOOLS:
            assert (await client.get(path)).status_code == 404, path
        for path in ("/dev/clock", "/dev/workers/drain"):
            assert (await client.post(path, json={"advance": "1d"})).status_code == 404, path
