"""Policies over the API and in the database: published whole or not at all, taken back in time, one publisher at a time.

Every version that is published here takes effect far in the future and is taken back, so that other tests keep their policy.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from complaints_service.database import SYSTEM
from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice

POLICIES = "/api/v1/policies"


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def admin(app: Any, the_office: TheOffice) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator's client; what was published with it is taken back afterwards."""
    async with client_of(app) as client:
        signed_in = await client.post(
            "/api/v1/session", json={"username": "admin", "password": the_office.passwords["admin"]}
        )
        client.headers["X-CSRF-Token"] = signed_in.json()["csrf_token"]
        client.headers["Accept-Language"] = "en"
        yield client
        for version in (await client.get(POLICIES)).json()["items"]:
            if version["standing"] == "coming":
                await client.post(f"{POLICIES}/{version['version']}/withdraw", json={"why": "only a test"})


async def document(admin: httpx.AsyncClient, the_office: TheOffice, days: int = 400) -> dict[str, Any]:
    """The policy in force as a document for a day to come."""
    items = (await admin.get(POLICIES)).json()["items"]
    current = next(item["version"] for item in items if item["standing"] == "in_force")
    policy: dict[str, Any] = (await admin.get(f"{POLICIES}/{current}")).json()["policy"]
    return policy | {"effective_from": (await the_office.now() + timedelta(days=days)).isoformat()}


def by_target(row: dict[str, Any]) -> str:
    return row["target"]


def body(policy: object, **more: object) -> dict[str, object]:
    return {"policy": policy, "why": "PermenPANRB 5/2025", **more}


async def test_a_version_comes_back_as_it_was_published(admin: httpx.AsyncClient, the_office: TheOffice) -> None:
    policy = await document(admin, the_office)
    policy["targets"] = [
        {"target": "answer", "category": "keterlambatan", "amount": 7, "measure": "working_days"},
        *policy["targets"],
    ]
    policy["targets"].sort(key=by_target)
    policy["ladder"].sort(key=by_target)
    first = next(rung for rung in policy["ladder"] if rung["target"] == "answer")
    first |= {
        "receivers": ["person:kepala", "address:arsip@example.go.id"], "ways": ["email"], "raise_priority": "high",
        "unassigns": True, "note": "Atasan \"memeriksa\" \\ berkas",
    }  # fmt: skip
    made = await admin.post(POLICIES, json=body(policy))
    assert made.status_code == 201, made.text
    found = (await admin.get(made.headers["Location"])).json()
    assert found["policy"]["targets"] == policy["targets"]
    assert found["policy"]["ladder"] == policy["ladder"]
    assert found["policy"]["pauses"] == policy["pauses"]
    assert (found["standing"], found["why"], found["applies_to_open"]) == ("coming", "PermenPANRB 5/2025", False)
    assert found["created_by"]["name"] == (await the_office.person("admin")).name
    office = await the_office.office()
    assert office.policies[found["version"]].ladders["answer"][0].note == first["note"]


async def test_a_mistake_anywhere_saves_nothing(admin: httpx.AsyncClient, the_office: TheOffice) -> None:
    before = (await admin.get(POLICIES)).json()
    policy = await document(admin, the_office)
    policy["targets"][0]["amount"] = 0
    policy["ladder"][0]["receivers"] = ["person:nobody"]
    answer = await admin.post(POLICIES, json=body(policy))
    assert answer.status_code == 422
    problems = {problem["pointer"]: problem["code"] for problem in answer.json()["errors"]}
    assert problems["/policy/targets/0/amount"] == "too_small"
    assert problems["/policy/ladder/0/receivers/0"] == "unknown_person"
    assert (await admin.get(POLICIES)).json() == before


async def test_problems_are_told_in_the_readers_language(admin: httpx.AsyncClient, the_office: TheOffice) -> None:
    policy = await document(admin, the_office)
    policy["targets"] = [row for row in policy["targets"] if row["target"] != "sign"]
    answer = await admin.post(POLICIES, json=body(policy), headers={"Accept-Language": "id"})
    assert "Tanda kemajuan" in answer.text


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"policy": {}, "why": "because"}', 422),
        (b'{"policy": null, "why": "because"}', 422),
        (b'{"policy": {"effective_from": 1e400}, "why": "because"}', 400),
        (b'{"policy": {"legal_source": "\\u0000"}, "why": "because"}', 422),
        (b'{"policy": ' + b"[" * 4000 + b"]" * 4000 + b', "why": "because"}', 400),
        (b'{"policy": {}, "why": "x"}', 422),
        (b'{"policy": {}, "why": "because", "version": 7}', 422),
        (
            b'{"policy": {"targets": [{"target": "verify", "amount": 99999999999999999999999, "measure": "working_days"}]}, "why": "abc"}',
            422,
        ),
    ],
)
async def test_hostile_bodies_are_refused(admin: httpx.AsyncClient, sent: bytes, status: int) -> None:
    answer = await admin.post(POLICIES, content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text


async def test_two_versions_from_one_date_are_refused_by_name_and_place(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    policy = await document(admin, the_office, days=500)
    day = policy["effective_from"][:10]
    first = await admin.post(POLICIES, json=body(policy | {"effective_from": f"{day}T08:00:00+07:00"}))
    assert first.status_code == 201
    again = await admin.post(POLICIES, json=body(policy | {"effective_from": f"{day}T23:59:00+07:00"}))
    assert again.status_code == 422
    (problem,) = again.json()["errors"]
    assert (problem["code"], problem["pointer"]) == ("same_date", "/policy/effective_from")
    assert problem["detail"].startswith(f"Version {first.json()['version']} already takes effect on this date.")
    assert (await admin.get(POLICIES)).json()["items"][0]["version"] == first.json()["version"], "nothing was saved"


async def test_a_mistake_of_today_is_taken_back_and_corrected_today(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    now = await the_office.now()
    before = (await the_office.office()).policy_at(now).version
    policy = await document(admin, the_office, days=0)
    mistake = (await admin.post(POLICIES, json=body(policy))).json()
    assert mistake["standing"] == "in_force"
    filed = await the_office.file()
    refused = await admin.post(POLICIES, json=body(policy))
    assert [problem["code"] for problem in refused.json()["errors"]] == ["same_date"]
    path = f"{POLICIES}/{mistake['version']}/withdraw"
    assert (await admin.post(path, json={"why": "Salah ketik"})).json()["standing"] == "withdrawn"
    assert (await admin.post(path, json={"why": "Salah ketik"})).json()["code"] == "withdrawn"
    assert (await the_office.office()).policy_at(now + timedelta(hours=1)).version == before
    # Who was promised something by it keeps the promise, until a corrected version for open cases comes.
    assert (await the_office.file_of(filed.number)).ticket.policy_version == mistake["version"]
    corrected = await admin.post(POLICIES, json=body(policy))
    assert corrected.status_code == 201, corrected.text
    last = await admin.post(f"{POLICIES}/{corrected.json()['version']}/withdraw", json={"why": "only a test"})
    assert last.status_code == 200


async def test_only_one_of_two_publishers_who_knew_the_same_versions_succeeds(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    newest = (await admin.get(POLICIES)).headers["ETag"]
    policies = [await document(admin, the_office, days) for days in (600, 601, 602)]
    answers = await asyncio.gather(
        *(admin.post(POLICIES, json=body(policy), headers={"If-Match": newest}) for policy in policies)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412]
    other = await document(admin, the_office, 603)
    assert (await admin.post(POLICIES, json=body(other, if_version=1_000))).status_code == 412


async def test_a_version_can_be_taken_back_until_it_is_in_force(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    policy = await document(admin, the_office, days=700)
    version = (await admin.post(POLICIES, json=body(policy))).json()["version"]
    path = f"{POLICIES}/{version}/withdraw"
    assert (await admin.post(path, json={"why": ""})).status_code == 422
    taken = await admin.post(path, json={"why": "Salah tanggal"})
    assert (taken.status_code, taken.json()["standing"]) == (200, "withdrawn")
    assert (await admin.post(path, json={"why": "Sekali lagi"})).status_code == 409
    office = await the_office.office()
    assert office.policy_at(await the_office.now() + timedelta(days=800)).version != version
    assert (await admin.post(f"{POLICIES}/1/withdraw", json={"why": "Terlambat"})).json()["code"] == "in_force"
    assert (await admin.post(f"{POLICIES}/9999/withdraw", json={"why": "Tidak ada"})).status_code == 404
    # Its moment is free again.
    assert (await admin.post(POLICIES, json=body(policy))).status_code == 201


async def test_who_did_what_and_why_is_kept_with_the_documents(admin: httpx.AsyncClient, the_office: TheOffice) -> None:
    policy = await document(admin, the_office, days=900)
    version = (await admin.post(POLICIES, json=body(policy))).json()["version"]
    await admin.post(f"{POLICIES}/{version}/withdraw", json={"why": "Belum waktunya"})
    async with the_office.services.database.transaction(SYSTEM) as connection:
        rows = await connection.fetch(
            "SELECT why, body::json ->> 'act' AS act, person_id FROM office_event WHERE what = 'policy' AND subject = $1 ORDER BY id",
            str(version),
        )
    assert [(row["act"], row["why"]) for row in rows] == [
        ("published", "PermenPANRB 5/2025"), ("withdrawn", "Belum waktunya"),
    ]  # fmt: skip
    assert {row["person_id"] for row in rows} == {(await the_office.person("admin")).id}


async def test_open_tickets_are_recomputed_only_when_asked_for(admin: httpx.AsyncClient, the_office: TheOffice) -> None:
    async def works(version: int) -> list[datetime]:
        async with the_office.services.database.transaction(SYSTEM) as connection:
            rows = await connection.fetch(
                "SELECT due_at FROM recompute WHERE cause = 'policy' AND version = $1", version
            )
        return [row["due_at"] for row in rows]

    later = await admin.post(POLICIES, json=body(await document(admin, the_office, days=1000)))
    assert await works(later.json()["version"]) == []
    policy = await document(admin, the_office, days=1001)
    both = await admin.post(POLICIES, json=body(policy, applies_to_open=True))
    due = await works(both.json()["version"])
    assert [at.isoformat() for at in due] == [policy["effective_from"]]


async def test_the_confirmation_of_the_legal_source_is_recorded(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    items = (await admin.get(POLICIES)).json()["items"]
    current = next(item["version"] for item in items if item["standing"] == "in_force")
    path = f"{POLICIES}/{current}/confirm"
    answer = await admin.post(path, json={"confirmed_by": "Kepala Kantor", "why": "Dibandingkan dengan JDIH"})
    assert answer.status_code == 200
    assert answer.json()["confirmed_by"] == "Kepala Kantor"
    assert answer.json()["confirmed_at"] is not None
    version = (await admin.post(POLICIES, json=body(await document(admin, the_office, days=1100)))).json()["version"]
    early = await admin.post(f"{POLICIES}/{version}/confirm", json={"confirmed_by": "x", "why": "terlalu dini"})
    assert early.status_code == 409
    async with the_office.services.database.transaction(SYSTEM) as connection:
        await connection.execute(
            "UPDATE policy SET confirmed_by = NULL, confirmed_at = NULL WHERE version = $1", current
        )
