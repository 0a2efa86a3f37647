"""Nothing that a citizen or an officer sends comes out of the log, whatever becomes of the request (invariant I9)."""

from __future__ import annotations

import io
import logging
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec

from complaints_service.intake.service import Intake
from complaints_service.settings import LogLevel, Settings
from complaints_service.wiring import Services
from tests.app_client import client_of, opened_app, started_app

NAME, PHONE, EMAIL, TEXT = (
    "Zubaidah Hartono",
    "0812-7777-9999",
    "zubaidah@example.org",
    "Petugas loket tiga meminta uang rokok",
)
COMPLAINT = {
    "category": "biaya-tidak-resmi",
    "subject": "Uang rokok di loket",
    "description": TEXT,
    "location": "loket tiga",
    "reporter": {"name": NAME, "phone": PHONE, "email": EMAIL},
}


class FailingIntake(Intake):
    """A mistake of ours whose words repeat what was sent."""

    async def file_complaint(self, *arguments: object, **named: object) -> None:  # type: ignore[override]
        try:
            raise KeyError(PHONE)
        except KeyError as error:
            raise ValueError(f"cannot file {TEXT} of {NAME} <{EMAIL}>: {arguments} {named}") from error


@contextmanager
def log_of_process() -> Iterator[io.StringIO]:
    """What the process writes; the logging of the test run is put back afterwards. (A fixture is too early: capturing resets stderr.)"""
    root = logging.getLogger()
    handlers, level, stderr = root.handlers[:], root.level, sys.stderr
    sys.stderr = stream = io.StringIO()
    forget_levels()
    try:
        yield stream
    finally:
        sys.stderr = stderr
        forget_levels()
        root.handlers[:] = handlers
        root.setLevel(level)


def forget_levels() -> None:
    """A logger keeps the level it had at its first line; let each of ours take the present one."""
    for name, module in list(sys.modules.items()):
        log = getattr(module, "log", None)
        if name.startswith("complaints_service") and log is not None:
            vars(log).pop("bind", None)


def talkative(services: Services, **other: object) -> Services:
    """The service with every line that there is."""
    settings: Settings = msgspec.structs.replace(services.settings, log_level=LogLevel.DEBUG)
    return msgspec.structs.replace(services, settings=settings, **other)


async def file(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/api/v1/complaints", json=COMPLAINT, headers={"Idempotency-Key": str(uuid.uuid4())})


async def test_a_complaint_is_filed_tracked_and_answered_without_a_trace_of_its_words(
    services: Services,
) -> None:
    chatty = talkative(services)
    with log_of_process() as written:
        async with opened_app(chatty.settings, chatty) as client:
            filed = await file(client)
            assert filed.status_code == 201, filed.text
            number, code = filed.json()["number"], filed.json()["tracking_code"]
            own = {"Authorization": f"Bearer {code}"}
            assert (await client.get(f"/api/v1/complaints/{number}", headers=own)).status_code == 200
            assert (
                await client.get(f"/api/v1/complaints/{number}", headers={"Authorization": "Bearer WRNG-CDE0-00"})
            ).status_code == 404
            await client.post(f"/api/v1/complaints/{number}/messages", json={"text": TEXT}, headers=own)
            await client.post("/lacak", data={"number": number, "code": code})
            await client.post("/api/v1/session", json={"username": "zubaidah.hartono", "password": TEXT})
            await client.post("/masuk", data={"username": EMAIL, "password": code})
            await client.get(f"/m/{'a1' * 22}")
            for method in ("GET", "POST"):
                await client.request(method, f"/s/{'A1B2' * 4}")
            await client.get(f"/tak-ada/{PHONE}", params={"q": NAME})
            await client.post(
                "/api/v1/complaints", content=b'{"description":"' + TEXT.encode(), headers={"Idempotency-Key": EMAIL}
            )
    assert "route=/api/v1/complaints/{number} status=200" in written.getvalue()
    for planted in (
        NAME,
        "Zubaidah",
        "zubaidah",
        PHONE,
        "7777-99",
        "77779999",
        EMAIL,
        "uang rokok",
        TEXT,
        number,
        code,
        code.replace("-", ""),
        "a1a1a1",
        "A1B2A1",
        "A1B2-A1",
    ):
        assert planted not in written.getvalue(), planted


async def test_our_own_mistake_is_logged_by_type_and_place_and_nothing_else(
    services: Services,
) -> None:
    failing = object.__new__(FailingIntake)
    broken = talkative(services, intake=failing)
    with log_of_process() as written:
        async with opened_app(broken.settings, broken) as client:
            answer = await file(client)
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("application/problem+json")
    for text in (written.getvalue(), answer.text):
        for planted in (NAME, PHONE, EMAIL, TEXT):
            assert planted not in text
    assert "ValueError" in written.getvalue()
    assert "KeyError" in written.getvalue()
    assert "test_logs_of_requests.py" in written.getvalue()
    assert answer.json()["trace_id"] in written.getvalue()


async def cut_short(app: Any, path: str, content_type: str, begun: bytes) -> None:
    """A request whose sender goes away after the first bytes of what it announced."""
    events: list[dict[str, object]] = [
        {"type": "http.request", "body": begun, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, object]:
        return events.pop(0) if len(events) > 1 else events[0]

    async def send(message: dict[str, object]) -> None:
        """Nobody listens any more."""

    headers = {
        "content-type": content_type,
        "content-length": "4000",
        "idempotency-key": "cut short",
        "host": "127.0.0.1",
    }
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 4711), "server": ("127.0.0.1", 8000), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)


async def test_a_body_cut_short_by_its_sender_is_no_error_of_ours(services: Services) -> None:
    chatty = talkative(services)
    part = b'--x\r\nContent-Disposition: form-data; name="description"\r\n\r\n' + TEXT.encode()
    with log_of_process() as written:
        async with started_app(chatty.settings, chatty) as app, client_of(app) as client:
            await cut_short(app, "/api/v1/complaints", "application/json", b'{"description": "' + TEXT.encode())
            await cut_short(app, "/masuk", "application/x-www-form-urlencoded", b"description=" + TEXT.encode())
            await cut_short(app, "/", "multipart/form-data; boundary=x", part)
            await cut_short(app, "/api/v1/uploads", "multipart/form-data; boundary=x", part)
            figures = (await client.get("/metrics")).text
    lines = written.getvalue().splitlines()
    assert len([line for line in lines if "[info " in line and "status=400" in line]) == 4, lines
    assert not [line for line in lines if "[error " in line or "uncaught" in line]
    assert 'status="500"' not in figures
    assert TEXT not in written.getvalue()
