"""Nothing personal comes out of a worker's log, whatever goes wrong around it (invariant I9): a real process, real servers that fail.

Every field that a person fills, and everything a mail server, a gateway or a receiver says, holds a marker; the log holds none.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from complaints_service.accounts.model import Via, Viewer
from complaints_service.queue import QUEUE_NAME, close_queue, open_queue
from complaints_service.settings import Settings
from complaints_service.tickets import commands as c
from tests.forked import Forked, forked
from tests.servers import Running
from tests.service.gateway_server import FakeGateway, gateway_server
from tests.service.outbox_room import Room, a_room
from tests.service.smtp_server import Postbox
from tests.service.test_whatsapp_chat import Phone
from tests.service.webhook_receiver import Receiver, receiver_at

# In small letters without signs, so that no pattern of the log's own masks finds them: only what is never logged stays out.
NAME, MAILBOX, STORY, PLACE, ANSWER, OFFICER = (
    "zubaidah",
    "zubaidahhartono",
    "uangrokok",
    "lokettiga",
    "jawabanpetugas",
    "atasanrahasia",
)
PHONE, GATEWAY_WORDS, SERVER_WORDS, URL_PART, POISON = (
    "81277779999",
    "katagateway",
    "kataserver",
    "tokendalamalamat",
    "racun",
)
TYPED = f"{NAME.title()} Hartono: {STORY} 0{PHONE} {MAILBOX}@example.org WXYZ-1234-AB"


class RudePostbox(Postbox):
    """Repeats in its refusals whom the mail was for."""

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = await super().handle_RCPT(server, session, envelope, address, options)
        return said if said.startswith("250") else f"{said} {SERVER_WORDS} <{address}>"


class Worker:
    """A worker's process; what it writes is kept."""

    def __init__(self, settings: Settings, folder: Path, redis_url: str) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith("COMPLAINTS_")}
        self._environment = own | {
            "COMPLAINTS_DEV": "1",
            "COMPLAINTS_DATA_DIR": str(folder),
            "COMPLAINTS_DATABASE_URL": settings.database_url or "",
            "COMPLAINTS_REDIS_URL": redis_url,
            "COMPLAINTS_SECRET_KEY": settings.secret_key.decode(),
            "COMPLAINTS_SMTP_URL": settings.smtp_url or "",
            "COMPLAINTS_MAIL_FROM": settings.mail_from,
            "COMPLAINTS_WHATSAPP_PROVIDER": "cloud",
            "COMPLAINTS_WHATSAPP_APP_SECRET": "s" * 32,
            "COMPLAINTS_WHATSAPP_VERIFY_TOKEN": "verify",
            "COMPLAINTS_WHATSAPP_ACCESS_TOKEN": "bearer-token",
            "COMPLAINTS_WHATSAPP_PHONE_NUMBER_ID": "1",
            "COMPLAINTS_WHATSAPP_API_URL": settings.whatsapp_api_url or "",
            "COMPLAINTS_LEASE_SECONDS": "3",
            "COMPLAINTS_SWEEP_SECONDS": "0.2",
            "COMPLAINTS_OUTBOX_RETRY_MIN_SECONDS": "0.05",
            "COMPLAINTS_OUTBOX_RETRY_MAX_SECONDS": "0.2",
            "COMPLAINTS_LOG_LEVEL": "debug",
        }
        self._path = folder / "worker.log"
        self._process: Forked | None = None

    def start(self) -> None:
        with self._path.open("ab") as output:
            self._process = forked(["worker"], self._environment, output=output)

    def stop(self) -> int:
        """Its exit code, after a SIGTERM."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(30)

    @property
    def log(self) -> str:
        return self._path.read_text()


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
async def room(
    running: Running, tmp_path: Path, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Room]:
    monkeypatch.setattr("tests.service.outbox_room.Postbox", RudePostbox)
    async with gateway_server(gateway) as address:
        whatsapp = {
            "whatsapp_provider": "cloud",
            "whatsapp_app_secret": "s" * 32,
            "whatsapp_verify_token": "verify",
            "whatsapp_access_token": "bearer-token",
            "whatsapp_phone_number_id": "1",
            "whatsapp_api_url": address,
        }
        async with a_room(running, tmp_path, **whatsapp) as opened:
            yield opened


@pytest.fixture
def worker(room: Room, running: Running, tmp_path: Path) -> Worker:
    return Worker(room.services.settings, tmp_path, running.redis_url)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for the worker; the limit is only for a test that fails."""
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110 - what it waits for another process does
            await asyncio.sleep(0.05)


async def ended(room: Room, **like: object) -> bool:
    """Whether rows like these exist, and every one has come to its end."""
    rows = await room.rows(**like)
    return bool(rows) and all(row["state"] not in ("queued", "sending") for row in rows)


async def tried(room: Room, **like: object) -> bool:
    rows = await room.rows(**like)
    return bool(rows) and all(row["attempts"] > 0 for row in rows)


async def file(room: Room, mailbox: str) -> str:
    """A complaint with a marker in every field."""
    filed = await room.office.file(
        subject=f"{STORY} {PHONE}",
        description=f"{TYPED}. Mohon dibantu secepatnya.",
        location=PLACE,
        reporter_name=f"{NAME} Hartono",
        reporter_phone=f"+62{PHONE}",
        reporter_email=f"{mailbox}@example.org",
        privacy="confidential",
    )
    return filed.number


async def test_a_worker_goes_through_everything_that_can_fail_and_its_log_names_nobody(
    room: Room, worker: Worker, gateway: FakeGateway, running: Running
) -> None:
    rude, receiver = room.postbox, Receiver()
    await room.admin.execute(
        "UPDATE person SET name = $1, email = $2 WHERE username = 'atasan'",
        f"{OFFICER} {NAME}",
        f"{OFFICER}@example.org",
    )
    async with receiver_at(receiver) as port:
        admin = Viewer(
            person=await room.office.person("admin"),
            office=await room.office.office(),
            scopes=frozenset(),
            via=Via.COOKIE,
        )
        address = f"http://127.0.0.1:{port}/{URL_PART}?token={URL_PART}"
        events = ["complaint.received", "complaint.status_changed", "complaint.escalated"]
        _, secret = await room.services.webhooks.make(admin, address, NAME, events)
        receiver.extra, receiver.script = f"X-Why: {SERVER_WORDS} {NAME}\r\n", [500, 0, 302]
        worker.start()

        # Mails that are refused for good, put off, refused when they are there, and cut off in the middle.
        for mailbox, word in ((MAILBOX, "refuse"), (f"{MAILBOX}2", "busy"), (f"{MAILBOX}3", "refuse_content")):
            rude.of[f"{mailbox}@example.org"] = word
            await file(room, mailbox)
        rude.of[f"{MAILBOX}4@example.org"] = "cut_after_data"
        cut = await file(room, f"{MAILBOX}4")
        await until(lambda: tried(room, kind="receipt"))
        await until(lambda: tried(room, way="webhook"))

        # The officer's words, the ladder up to the head of office, mails to people that are refused.
        for command in (c.Verify(), c.Start(), c.Note(text=f"{ANSWER} {TYPED}"), c.Ask(text=f"{ANSWER} {TYPED}")):
            await room.office.act(cut, command, "petugas")
        rude.usual = "refuse"
        await room.office.move_clock(timedelta(days=30))
        await until(lambda: ended(room, kind="rung"))
        await until(lambda: tried(room, kind="complaint.escalated"))

        # A conversation; the gateway repeats what it was given, then will not have it, then is away.
        telephone = Phone(room.services)
        said = {"error": {"code": 131000, "message": f"{GATEWAY_WORDS} {TYPED} {telephone.number}"}}
        gateway.script = [(500, said), (400, said), (0, b""), (401, {"error": {"code": 190, "message": TYPED}})]
        gateway.usual = (400, {"error": {"code": 131026, "message": f"{GATEWAY_WORDS} {telephone.number}"}})
        await telephone.says(f"{TYPED} sudah sepuluh hari")
        await telephone.says("KIRIM")
        await until(lambda: ended(room, way="whatsapp"))
        filed = await telephone.tickets()

        # Rows that nothing can be made of, a chat whose draft is broken, a job that nobody can read.
        poison = {"params": f'{{"{POISON}": "{TYPED}'}
        head = await room.office.person("kepala")
        await room.put(kind="alarm", person_id=head.id, **poison)
        await room.put(
            kind="nonsense", recipient="address", address=f"{POISON}@example.org", params=f'{{"x":"{TYPED}"}}'
        )
        chat = (await telephone.chat())["id"]
        await room.put(
            kind="chat", way="whatsapp", recipient="chat", chat_id=chat, params=f'{{"template":"{POISON} {TYPED}"}}'
        )
        await room.put(kind="complaint.received", way="webhook", recipient="address", address="1", **poison)
        pool = await open_queue(running.redis_url)
        await pool.set("arq:job:planted", f"{POISON} {TYPED}".encode())
        await pool.zadd(QUEUE_NAME, {"planted": 1})
        await close_queue(pool)
        await until(lambda: tried(room, kind="nonsense"))
        await until(lambda: tried(room, kind="alarm", params=poison["params"]))

        async def told() -> bool:
            return "outbox_poison" in worker.log and "webhook_poison" in worker.log

        await until(told)

        # The database ends the worker's connections, until that happens in the middle of its work.
        async def cut_off() -> bool:
            await room.admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return "database_away" in worker.log

        await until(cut_off)
        rude.usual, rude.of = "take", {}
        await room.admin.execute(
            "UPDATE outbox SET next_try_at = '-infinity', released_at = office_now() WHERE state = 'queued' AND way = 'email'"
        )
        await room.put(kind="cycle_report", person_id=head.id)
        await until(lambda: ended(room, kind="cycle_report"))
        assert worker.stop() == 0

    log = worker.log
    for happened in (
        "outbox_dead", "outbox_again", "outbox_poison", "outbox_way_rests", "webhook_again", "webhook_poison", "swept",
        "smtp_550", "smtp_450", "whatsapp_",
    ):  # fmt: skip
        assert happened in log, happened
    codes = [room.services.keys.tracking_code(1, row["id"], row["key_id"]) for row in filed]
    assert codes, "the conversation became a ticket"
    planted = (
        NAME, MAILBOX, STORY, PLACE, ANSWER, OFFICER, PHONE, GATEWAY_WORDS, SERVER_WORDS, URL_PART, POISON, TYPED,
        telephone.number, telephone.number[4:], "WXYZ", "bearer-token", secret, secret.removeprefix("whsec_"), cut,
        "@example.org", *codes, *(code.replace("-", "") for code in codes),
    )  # fmt: skip
    lower = log.lower()
    found = [(word, line) for word in planted for line in lower.splitlines() if word.lower() in line]
    assert found == []
