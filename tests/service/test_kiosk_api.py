"""The kiosk door over HTTP, and how administrators add and revoke kiosks: by the API and on the machine."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from complaints_service.intake.kiosk import commands
from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import opened_app
from tests.office import TheOffice

SignsIn = Callable[[str], Awaitable[dict[str, str]]]

BATCH, DEVICES = "/api/v1/kiosk/complaints", "/api/v1/devices"


@pytest.fixture(scope="module")
async def client(settings: Settings, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with opened_app(settings, services) as opened:
        yield opened


def item(**fields: object) -> dict[str, object]:
    return {"client_id": str(uuid.uuid4()), "description": "AC ruang tunggu mati sejak pagi"} | fields


@pytest.fixture
async def bearer(services: Services) -> dict[str, str]:
    _, token = await services.kiosk.create_device(await services.offices.current(), "Ruang tunggu")
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def signed_in(client: httpx.AsyncClient, the_office: TheOffice) -> SignsIn:
    async def sign_in(username: str) -> dict[str, str]:
        client.cookies.clear()
        given = {"username": username, "password": the_office.passwords[username]}
        answer = await client.post("/api/v1/session", json=given)
        assert answer.status_code == 200
        return {"X-CSRF-Token": answer.json()["csrf_token"]}

    return sign_in


async def test_a_result_for_each_item(client: httpx.AsyncClient, bearer: dict[str, str]) -> None:
    good, bad = item(), item(description="kurang")
    first = await client.post(BATCH, json={"items": [good, bad]}, headers=bearer)
    assert first.status_code == 200
    filed, refused = first.json()["items"]
    assert (filed["status"], filed["client_id"]) == (201, good["client_id"])
    assert filed["number"].startswith("LT-")
    assert len(filed["tracking_code"]) == 12
    assert {d["target"] for d in filed["deadlines"]} == {"verify", "answer"}
    assert filed["filed_at_corrected"] is False
    assert (refused["status"], refused["client_id"]) == (422, bad["client_id"])
    assert refused["problem"]["errors"][0]["pointer"] == "/description"
    again = (await client.post(BATCH, json={"items": [good, bad]}, headers=bearer)).json()["items"]
    assert (again[0]["status"], again[0]["number"], again[0]["tracking_code"]) == (
        200,
        filed["number"],
        filed["tracking_code"],
    )


async def test_two_hundred_long_complaints_are_one_request(client: httpx.AsyncClient, bearer: dict[str, str]) -> None:
    items = [item(description="कखगघ" * 1_250) for _ in range(200)]
    answer = await client.post(BATCH, content=json.dumps({"items": items}, ensure_ascii=False).encode(), headers=bearer)
    assert [one["status"] for one in answer.json()["items"]] == [201] * 200


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer wrong", "Basic dTpw", ""])
async def test_without_a_device_token_nothing_is_taken(client: httpx.AsyncClient, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await client.post(BATCH, json={"items": [item()]}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"items": ' + b"[" * 100_000, 400),
        (b"[]", 422),
        (b'{"items": [], "more": 1}', 422),
        (json.dumps({"items": [{}] * 201}).encode(), 422),
        (b" " * 6_000_001, 413),
    ],
)
async def test_what_is_no_batch_is_refused(
    client: httpx.AsyncClient, bearer: dict[str, str], body: bytes, status: int
) -> None:
    answer = await client.post(BATCH, content=body, headers=bearer)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_administrator_adds_lists_and_revokes_kiosks(client: httpx.AsyncClient, signed_in: SignsIn) -> None:
    admin = await signed_in("admin")
    made = await client.post(DEVICES, json={"name": "Lobi"}, headers=admin)
    assert made.status_code == 201
    token, number = made.json()["token"], made.json()["id"]
    device = {"Authorization": f"Bearer {token}"}
    assert (await client.post(BATCH, json={"items": []}, headers=device)).status_code == 200
    listed = (await client.get(DEVICES, headers=admin)).json()["items"]
    assert [one["name"] for one in listed if one["id"] == number] == ["Lobi"]
    assert not any("token" in one for one in listed)
    assert (await client.delete(f"{DEVICES}/{number}", headers=admin)).status_code == 204
    assert (await client.post(BATCH, json={"items": [item()]}, headers=device)).status_code == 401
    assert (await client.delete(f"{DEVICES}/999999", headers=admin)).status_code == 404
    assert (await client.post(DEVICES, json={"name": ""}, headers=admin)).status_code == 422


@pytest.mark.parametrize("username", ["petugas", "atasan", "kepala", "kanwil"])
async def test_others_may_not_touch_kiosks(client: httpx.AsyncClient, signed_in: SignsIn, username: str) -> None:
    headers = await signed_in(username)
    assert (await client.get(DEVICES, headers=headers)).status_code == 403
    assert (await client.post(DEVICES, json={"name": "Lobi"}, headers=headers)).status_code == 403
    assert (await client.delete(f"{DEVICES}/1", headers=headers)).status_code == 403


async def test_the_same_on_the_machine_itself(
    services: Services, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run(*arguments: str) -> tuple[int, str]:
        code = await asyncio.to_thread(commands.run, settings, list(arguments))
        return code, capsys.readouterr().out

    code, out = await run("add", "Lantai 2", "--json")
    added = json.loads(out)
    assert code == 0
    found = await services.kiosk.device_for(added["token"])
    assert found is not None
    assert found.id == added["id"]
    code, out = await run("list")
    assert (code, added["token"] in out) == (0, False)
    assert f"{added['id']}\tLantai 2\tin use" in out
    assert (await run("revoke", str(added["id"])))[0] == 0
    assert await services.kiosk.device_for(added["token"]) is None
    assert f"{added['id']}\tLantai 2\trevoked" in (await run("list"))[1]
    assert (await run("revoke", "999999"))[0] == 1
    assert (await run("add", " "))[0] == 2
    assert (await run("list", "--office", "kantor-lain"))[0] == 1
