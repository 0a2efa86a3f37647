"""Issue 3, "Bad input": every refusal says in the reader's language what to do, and nothing is half written."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from complaints_service.intake.whatsapp.signature import HEADER, sign
from complaints_service.settings import Settings
from complaints_service.tickets import commands as c
from tests.office import TheOffice
from tests.servers import Running, on_database

COMPLAINTS = "/api/v1/complaints"
TEXT = "Paspor saya belum jadi sejak lama."
# Rows that come and go by themselves in a running process: its signs of life, and that it sees none of a worker.
LIVING = frozenset({"alarm", "heartbeat"})


@pytest.fixture(scope="module")
async def admin(running: Running) -> AsyncIterator[asyncpg.Connection]:
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    connection = await asyncpg.connect(on_database(running.admin_url, name))
    yield connection
    await connection.close()


async def rows(admin: asyncpg.Connection) -> dict[str, int]:
    """How many rows stand in every table there is."""
    tables = await admin.fetch(
        "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    return {
        table["name"]: await admin.fetchval(f'SELECT count(*) FROM "{table["name"]}"')  # noqa: S608
        for table in tables
        if table["name"] not in LIVING
    }


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def problem_of(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document, checked for what each of them has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["title"]
    assert problem["detail"]
    assert problem["trace_id"] == answer.headers["x-request-id"]
    return problem


def nested(depth: int) -> bytes:
    return b'{"description":' + b"[" * depth + b"]" * depth + b"}"


# What is sent instead of a complaint -> status, code, and for fields (pointer, code).
UNREADABLE: dict[str, tuple[bytes, int, str]] = {
    "broken JSON": (b'{"description": "Paspor', 400, "not_json"),
    "nothing": (b"", 400, "not_json"),
    "two values": (b'{"description":"Paspor saya belum jadi."} {}', 400, "not_json"),
    "invalid UTF-8": (b'{"description": "Paspor \xff\xfe belum jadi."}', 400, "not_utf8"),
    "half a surrogate": (b'{"description": "Paspor \\ud800 belum jadi."}', 400, "not_json"),
    "deep JSON": (nested(100_000), 422, "invalid"),
    "a megabyte": (b'{"description":"' + b"x" * 1_048_576 + b'"}', 413, "too_large"),
}
WRONG_FIELDS: dict[str, tuple[object, str, str]] = {
    "no object": ([TEXT], "", "wrong_type"),
    "an unknown field": ({"description": TEXT, "priority": "urgent"}, "/priority", "unknown_field"),
    "an unknown field inside": (
        {"description": TEXT, "reporter": {"nik": "1801"}},
        "/reporter/nik",
        "unknown_field",
    ),
    "a number as text": ({"description": 12345678901}, "/description", "wrong_type"),
    "null as text": ({"description": None}, "/description", "wrong_type"),
    "a text as reporter": ({"description": TEXT, "reporter": "Siti"}, "/reporter", "wrong_type"),
    "no description": ({"subject": "Paspor"}, "/description", "missing_field"),
    "too short": ({"description": "kurang"}, "/description", "too_short"),
    "too long": ({"description": "x" * 5_001}, "/description", "too_long"),
    "a subject too long": ({"description": TEXT, "subject": "x" * 201}, "/subject", "too_long"),
    "a NUL": ({"description": "Paspor \x00 belum jadi."}, "/description", "nul_character"),
    "an unknown category": ({"description": TEXT, "category": "tak-ada"}, "/category", "unknown_category"),
    "an unknown service": ({"description": TEXT, "service": "tak-ada"}, "/service", "unknown_service"),
    "an unknown kind": ({"description": TEXT, "kind": "praise"}, "/kind", "unknown_value"),
    "an unknown privacy": ({"description": TEXT, "privacy": "secret"}, "/privacy", "unknown_value"),
    "no telephone": ({"description": TEXT, "reporter": {"phone": "lima"}}, "/reporter/phone", ""),
    "no address": ({"description": TEXT, "reporter": {"email": "siti@"}}, "/reporter/email", ""),
    "two addresses": ({"description": TEXT, "reporter": {"email": "a@b.id, c@d.id"}}, "/reporter/email", ""),
    "a day to come": ({"description": TEXT, "occurred_on": "2999-01-01"}, "/occurred_on", ""),
    "no day": ({"description": TEXT, "occurred_on": "kemarin"}, "/occurred_on", ""),
    "the day of a week": ({"description": TEXT, "occurred_on": "2026-W47-1"}, "/occurred_on", ""),
    "an unknown upload": ({"description": TEXT, "attachments": ["up_1"]}, "/attachments/0", "unknown_upload"),
    "anonymous with a name": (
        {"description": TEXT, "privacy": "anonymous", "reporter": {"name": "Siti"}},
        "/reporter",
        "anonymous_with_identity",
    ),
}


async def in_both_languages(http: httpx.AsyncClient, raw: bytes, headers: dict[str, str]) -> list[httpx.Response]:
    return [
        await http.post(
            COMPLAINTS,
            content=raw,
            headers={"Content-Type": "application/json", "Accept-Language": language, **headers},
        )
        for language in ("id", "en")
    ]


@pytest.mark.parametrize("name", UNREADABLE)
async def test_what_cannot_be_read_is_refused_in_the_readers_language(
    http: httpx.AsyncClient, admin: asyncpg.Connection, name: str
) -> None:
    raw, status, code = UNREADABLE[name]
    before = await rows(admin)
    indonesian, english = [problem_of(a, status, code) for a in await in_both_languages(http, raw, key())]
    assert indonesian["detail"] != english["detail"]
    assert indonesian["title"] != english["title"]
    assert await rows(admin) == before


@pytest.mark.parametrize("name", WRONG_FIELDS)
async def test_a_wrong_field_is_named_with_what_to_do(
    http: httpx.AsyncClient, admin: asyncpg.Connection, name: str
) -> None:
    body, pointer, code = WRONG_FIELDS[name]
    before = await rows(admin)
    indonesian, english = [
        problem_of(a, 422, "invalid")["errors"] for a in await in_both_languages(http, json.dumps(body).encode(), key())
    ]
    assert [error["pointer"] for error in english] == [pointer]
    assert code in ("", english[0]["code"])
    assert indonesian[0]["detail"] != english[0]["detail"]
    assert await rows(admin) == before


async def test_every_wrong_field_is_named_at_once(http: httpx.AsyncClient) -> None:
    body = {"description": "x", "category": "a", "service": "b", "reporter": {"phone": "c", "email": "d"}}
    answer = await http.post(COMPLAINTS, json=body, headers=key())
    pointers = {error["pointer"] for error in problem_of(answer, 422, "invalid")["errors"]}
    assert pointers == {"/description", "/category", "/service", "/reporter/phone", "/reporter/email"}


async def test_a_refusal_never_repeats_what_was_sent(http: httpx.AsyncClient) -> None:
    planted = "Zubaidah0812777"
    for body in (
        {"description": TEXT, planted: 1},
        {"description": TEXT, "category": planted},
        {"description": TEXT, "reporter": {"email": planted}},
        {"description": {planted: 1}},
        {"description": TEXT, "kind": planted},
    ):
        answer = await http.post(COMPLAINTS, json=body, headers=key())
        assert answer.status_code == 422
        # The name of a field is told back so that it can be found, never a value.
        told = answer.text if planted not in body else answer.text.replace(f"/{planted}", "")
        assert planted not in told


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, "idempotency_key_missing"),
        ("", "idempotency_key_malformed"),
        ("x" * 201, "idempotency_key_malformed"),
        ("dua kata", "idempotency_key_malformed"),
    ],
)
async def test_a_filing_needs_a_key(
    http: httpx.AsyncClient, admin: asyncpg.Connection, given: str | None, code: str
) -> None:
    before = await rows(admin)
    headers = {} if given is None else {"Idempotency-Key": given}
    raw = json.dumps({"description": TEXT}).encode()
    indonesian, english = [problem_of(a, 400, code) for a in await in_both_languages(http, raw, headers)]
    assert "Idempotency-Key" in indonesian["detail"]
    assert indonesian["detail"] != english["detail"]
    assert await rows(admin) == before


async def test_a_known_key_with_another_body_is_refused_and_the_first_answer_stands(
    http: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = key()
    first = await http.post(COMPLAINTS, json={"description": TEXT}, headers=one)
    assert first.status_code == 201
    before = await rows(admin)
    other = json.dumps({"description": TEXT + " Sungguh."}).encode()
    indonesian, english = [
        problem_of(a, 422, "idempotency_key_reused") for a in await in_both_languages(http, other, one)
    ]
    assert indonesian["detail"] != english["detail"]
    again = await http.post(COMPLAINTS, json={"description": TEXT}, headers=one)
    assert (again.status_code, again.json()) == (201, first.json())
    assert await rows(admin) == before


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_another_kind_of_content_is_415(http: httpx.AsyncClient, admin: asyncpg.Connection, kind: str) -> None:
    before = await rows(admin)
    answer = await http.post(COMPLAINTS, content=b"description=Paspor", headers={"Content-Type": kind, **key()})
    problem_of(answer, 415, "unsupported_media_type")
    assert await rows(admin) == before


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/v1/complaints/LT-2026-999999", 401), ("/api/v1/tak-ada", 404), ("/api/v1/catalog?office=tak-ada", 404)],
)
async def test_what_does_not_exist_is_told_as_a_problem_too(http: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await http.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_unknown_number_and_wrong_code_cannot_be_told_apart(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    wrong = {"Authorization": "Bearer 0000-0000-00"}
    answers = [
        await http.get(f"{COMPLAINTS}/{n}", headers=wrong) for n in (filed.number, "LT-2026-999999", "%00", "x" * 500)
    ]
    told = [{**problem_of(a, 404, "not_found"), "instance": "", "trace_id": ""} for a in answers]
    assert all(one == told[0] for one in told)


async def signed_in(http: httpx.AsyncClient, office: TheOffice) -> dict[str, str]:
    given = {"username": "petugas", "password": office.passwords["petugas"]}
    answer = await http.post("/api/v1/session", json=given)
    assert answer.status_code == 200, answer.text
    return {"X-CSRF-Token": answer.json()["csrf_token"]}


async def test_a_stale_missing_or_broken_if_match_changes_nothing(
    http: httpx.AsyncClient, admin: asyncpg.Connection, the_office: TheOffice
) -> None:
    headers = await signed_in(http, the_office)
    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas")
    before = await rows(admin)
    path = f"/api/v1/tickets/{filed.number}/commands"
    for if_match, status, code in (
        ('"1"', 412, "stale_version"),
        ('"999"', 412, "stale_version"),
        (None, 428, "precondition_required"),
        ("2", 400, "if_match_malformed"),
        ("*", 400, "if_match_malformed"),
        ('"dua"', 400, "if_match_malformed"),
    ):
        sent = headers | ({} if if_match is None else {"If-Match": if_match})
        problem_of(await http.post(path, json={"command": "start"}, headers=sent), status, code)
    assert await rows(admin) == before


async def test_a_command_that_stands_whole_in_a_bulk_has_nothing_beside_it(
    http: httpx.AsyncClient, admin: asyncpg.Connection, the_office: TheOffice
) -> None:
    headers = await signed_in(http, the_office)
    filed = await the_office.file()
    before = await rows(admin)
    body = {"tickets": [{"number": filed.number, "version": 1}], "command": {"command": "verify"}, "status": "closed"}
    problem = problem_of(await http.post("/api/v1/tickets/bulk", json=body, headers=headers), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == ["/status"]
    assert await rows(admin) == before
    del body["status"]
    answer = await http.post("/api/v1/tickets/bulk", json=body, headers=headers)
    assert [item["status"] for item in answer.json()["items"]] == [200]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"command": "fly"}, 422, "invalid"),
        ({}, 422, "invalid"),
        ({"command": "fire_rung"}, 422, "invalid"),
        ({"command": "auto_close"}, 422, "invalid"),
        ({"command": "ask"}, 422, "invalid"),
        ({"command": "ask", "text": "x" * 100_001}, 422, "invalid"),
        ({"command": "verify", "status": "closed"}, 422, "invalid"),
        ({"command": "assign", "unit": "tak-ada"}, 422, "invalid"),
        ({"command": "assign", "assignee": 2**40}, 422, "invalid"),
        ({"command": "classify", "category": "tak-ada"}, 422, "invalid"),
        ({"command": "answer", "text": "Paspor Anda jadi.", "resolves": True}, 409, "wrong_status"),
        ({"command": "close"}, 409, "wrong_status"),
    ],
)
async def test_a_command_that_is_wrong_or_comes_too_early_changes_nothing(
    http: httpx.AsyncClient, admin: asyncpg.Connection, the_office: TheOffice, body: object, status: int, code: str
) -> None:
    headers = await signed_in(http, the_office)
    filed = await the_office.file()
    before = await rows(admin)
    answer = await http.post(
        f"/api/v1/tickets/{filed.number}/commands", json=body, headers={**headers, "If-Match": '"1"'}
    )
    problem = problem_of(answer, status, code)
    assert status != 409 or "verify" in problem["allowed"]
    assert await rows(admin) == before


@pytest.mark.parametrize("path", ["/webhooks/whatsapp/cloud", "/webhooks/whatsapp/gowa"])
async def test_a_forged_signature_is_refused_before_anything_is_read(
    http: httpx.AsyncClient, admin: asyncpg.Connection, settings: Settings, path: str
) -> None:
    assert settings.whatsapp_app_secret
    before = await rows(admin)
    raw = b'{"object":"whatsapp_business_account","entry":[]}'
    for signature in (
        None,
        "",
        "sha256=" + "0" * 64,
        sign("another secret", raw),
        sign(settings.whatsapp_app_secret, raw + b" "),
        sign(settings.whatsapp_app_secret, raw)[:-1],
    ):
        headers = {"Content-Type": "application/json"} | ({} if signature is None else {HEADER: signature})
        problem_of(await http.post(path, content=raw, headers=headers), 403, "forged_signature")
    broken = nested(50_000)
    answer = await http.post(path, content=broken, headers={HEADER: sign(settings.whatsapp_app_secret, broken)})
    assert answer.status_code in (200, 400)
    assert await rows(admin) == before


FORM_WRONG = (
    ({"description": "kurang"}, "at least"),
    ({"category": "tak-ada"}, "no such category"),
    ({"service": "tak-ada"}, "no such service"),
    ({"reporter.email": "siti@"}, "e-mail"),
    ({"reporter.phone": "lima"}, "telephone"),
    ({"description": "x" * 5_001}, "Shorten"),
)


@pytest.mark.parametrize(("wrong", "english"), FORM_WRONG)
async def test_the_form_says_it_in_both_languages_and_keeps_what_was_written(
    http: httpx.AsyncClient, admin: asyncpg.Connection, wrong: dict[str, str], english: str
) -> None:
    before = await rows(admin)
    form = {
        "kind": "complaint",
        "description": TEXT,
        "privacy": "open",
        "location": "loket 3 lantai 2",
        "step": "send",
    } | wrong
    told = {}
    for language in ("id", "en"):
        answer = await http.post("/", data=form, headers={"Accept-Language": language, "Accept": "text/html"})
        assert answer.status_code == 422, answer.text[:300]
        assert f'lang="{language}"' in answer.text
        assert "loket 3 lantai 2" in answer.text
        found = re.search(r'role="alert".*?</(?:div|section)>', answer.text, re.S)
        assert found, "the page says what is wrong"
        told[language] = found.group(0)
    assert english in told["en"]
    assert told["id"] != told["en"]
    assert await rows(admin) == before


async def test_a_form_of_a_megabyte_or_of_no_text_is_refused_with_a_page(
    http: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    before = await rows(admin)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    for language in ("id", "en"):
        large = await http.post(
            "/", content=b"description=" + b"x" * 1_048_576, headers={**headers, "Accept-Language": language}
        )
        assert large.status_code == 413
        assert f'lang="{language}"' in large.text
        raw = await http.post(
            "/", content=b"step=send&description=%ff%fe%fd", headers={**headers, "Accept-Language": language}
        )
        assert raw.status_code in (400, 422)
        assert f'lang="{language}"' in raw.text
    assert await rows(admin) == before
