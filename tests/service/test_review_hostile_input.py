"""What is sent by mistake or in bad faith is refused with a reason, in addresses, queries and bodies alike; never a 500."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from complaints_service.desk.queue_filters import asked_from
from complaints_service.errors import Invalid
from complaints_service.intake.complaint_form import ComplaintBody, ReporterBody, to_complaint
from complaints_service.settings import Settings
from complaints_service.tickets.commands import Verify
from complaints_service.tickets.model import Channel
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice

FIRST_INSTANT = "0001-01-01T00:00:00+14:00"
LAST_INSTANT = "9999-12-31T23:59:59-14:00"


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    """The application on this worker's database."""
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def officer(app: Any, the_office: TheOffice) -> AsyncIterator[httpx.AsyncClient]:
    """A supervisor's browser, signed in."""
    async with client_of(app) as client:
        credentials = {"username": "atasan", "password": the_office.passwords["atasan"]}
        answer = await client.post("/api/v1/session", json=credentials)
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        yield client


@pytest.mark.parametrize("path", ["/api/v1/tickets/%00", "/api/v1/tickets/%00/events", "/api/v1/tickets/%00/reporter"])
async def test_an_address_with_nul_is_not_found(officer: httpx.AsyncClient, path: str) -> None:
    assert (await officer.get(path)).status_code == 404


async def test_a_page_and_a_command_for_a_number_with_nul_are_not_found(officer: httpx.AsyncClient) -> None:
    assert (await officer.get("/desk/t/%00")).status_code == 404
    answer = await officer.post("/api/v1/tickets/%00/commands", json={"command": "verify"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 404


async def test_an_office_with_nul_in_its_name_is_not_found(officer: httpx.AsyncClient) -> None:
    assert (await officer.get("/api/v1/catalog?office=%00")).status_code == 404


@pytest.mark.parametrize("at", [FIRST_INSTANT, LAST_INSTANT])
@pytest.mark.parametrize("name", ["due_before", "due_from", "received_from", "received_before"])
async def test_a_time_beyond_the_calendar_is_no_filter(officer: httpx.AsyncClient, name: str, at: str) -> None:
    assert (await officer.get(f"/api/v1/tickets?{name}={quote(at)}")).status_code == 422
    assert (await officer.get(f"/desk?{name}={quote(at)}")).status_code == 200


@pytest.mark.parametrize("at", [FIRST_INSTANT, LAST_INSTANT])
async def test_a_cursor_beyond_the_calendar_is_refused(officer: httpx.AsyncClient, at: str) -> None:
    cursor = base64.urlsafe_b64encode(f"{at}|1".encode()).decode()
    answer = await officer.get(f"/api/v1/tickets?cursor={cursor}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "bad_cursor")


@pytest.mark.parametrize("at", [FIRST_INSTANT, LAST_INSTANT])
async def test_a_time_of_receipt_beyond_the_calendar_is_refused(officer: httpx.AsyncClient, at: str) -> None:
    body = {"channel": "counter", "description": "Paspor saya belum jadi.", "received_at": at}
    answer = await officer.post("/api/v1/tickets", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/received_at")


async def test_a_token_may_last_to_the_end_of_the_calendar(officer: httpx.AsyncClient) -> None:
    body = {"name": "untuk selamanya", "scopes": ["tickets"], "expires_on": "9999-12-31"}
    assert (await officer.post("/api/v1/tokens", json=body)).status_code == 201


@pytest.mark.parametrize("assignee", ["²", "٣", "9" * 5_000, "-1", ""])
async def test_a_number_that_is_none_is_no_assignee(
    officer: httpx.AsyncClient, the_office: TheOffice, assignee: str
) -> None:
    filed = await the_office.file()
    answer = await officer.post(
        f"/api/v1/tickets/{filed.number}/commands",
        json={"command": "assign", "assignee": assignee},
        headers={"If-Match": '"1"'},
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_person")


@pytest.mark.parametrize(
    "body",
    [
        {"command": "note", "text": "   "},
        {"command": "ask", "text": "\n\t"},
        {"command": "reject", "reason": "x", "text": " "},
        {"command": "escalate", "reason": " "},
        {"command": "split", "text": "          "},
        {"command": "split", "text": "Hal kedua yang lain.", "category": "tidak-ada"},
        {"command": "split", "text": "Hal kedua yang lain.", "service": "tidak-ada"},
    ],
)
async def test_blanks_and_unknown_slugs_do_nothing_to_a_ticket(
    officer: httpx.AsyncClient, the_office: TheOffice, body: dict[str, str]
) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, Verify(), "petugas")
    before = await the_office.file_of(filed.number)
    answer = await officer.post(
        f"/api/v1/tickets/{filed.number}/commands", json=body, headers={"If-Match": f'"{before.ticket.version}"'}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert (await the_office.file_of(filed.number)).ticket == before.ticket


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("siti@example.org", True),
        ("siti.rahma+paspor@mail.example.co.id", True),
        ("o'brien@example.org", True),
        ("siti\x01@example.org", False),
        ("\u202esiti@example.org", False),
        ("siti@example..org", False),
        ("siti@-example.org", False),
        ("siti@example", False),
        ("siti@example.org, lain@example.org", False),
        ("Siti <siti@example.org>", False),
        ("siti@example.org\r\nBcc: lain@example.org", False),
    ],
)
async def test_only_an_address_that_can_be_written_to_is_taken(the_office: TheOffice, address: str, good: bool) -> None:
    body = ComplaintBody(description="Paspor saya belum jadi.", reporter=ReporterBody(email=address))
    office, now = await the_office.office(), datetime(2026, 11, 24, tzinfo=UTC)
    if good:
        assert to_complaint(body, office, Channel.WEB, now=now).reporter_email == address
        return
    with pytest.raises(Invalid) as refusal:
        to_complaint(body, office, Channel.WEB, now=now)
    assert [problem.pointer for problem in refusal.value.problems] == ["/reporter/email"]


async def test_an_ordinary_time_is_a_filter(the_office: TheOffice) -> None:
    soon = (datetime(2026, 11, 24, tzinfo=UTC) + timedelta(days=1)).isoformat()
    assert asked_from({"due_before": soon}, await the_office.office()).get("due_before") == soon


@pytest.mark.parametrize("path", ["/", "/masuk", "/lacak", "/lupakan", "/bahasa", "/desk/baru", "/keluar"])
async def test_a_form_part_that_is_no_utf_8_is_refused(officer: httpx.AsyncClient, path: str) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\xfe\r\n--x--\r\n'
    del officer.headers["X-CSRF-Token"]
    answer = await officer.post(path, content=part, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 400
