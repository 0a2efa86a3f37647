"""People are absent with somebody who stands in, and somebody is on duty: planned by oneself or by superiors, refused by name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice

# Far from what other tests of this database look at.
FAR = timedelta(days=200)


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def people(app: Any, the_office: TheOffice) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Everybody signed in; what a test has planned is taken back when it ends."""
    clients: dict[str, httpx.AsyncClient] = {}
    for username in ("petugas", "petugas2", "atasan", "kepala", "admin"):
        clients[username] = client_of(app)
        credentials = {"username": username, "password": the_office.passwords[username]}
        answer = await clients[username].post("/api/v1/session", json=credentials)
        clients[username].headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    yield clients
    for kind in ("absences", "duties"):
        for row in (await clients["admin"].get(f"/api/v1/{kind}")).json()["items"]:
            await clients["admin"].delete(f"/api/v1/{kind}/{row['id']}")
    for client in clients.values():
        await client.aclose()


async def time_of(the_office: TheOffice, begin: int, end: int) -> dict[str, str]:
    """Days from a far day on."""
    start: datetime = await the_office.now() + FAR
    return {
        "starts_at": (start + timedelta(days=begin)).isoformat(),
        "ends_at": (start + timedelta(days=end)).isoformat(),
    }


def first_error(answer: httpx.Response) -> tuple[str, str]:
    assert answer.status_code == 422, answer.text
    error = answer.json()["errors"][0]
    return error["pointer"], error["code"]


async def test_an_officer_enters_the_own_absence_and_the_office_knows_the_stand_in(
    people: dict[str, httpx.AsyncClient], the_office: TheOffice
) -> None:
    me, other = await the_office.person("petugas"), await the_office.person("petugas2")
    when = await time_of(the_office, 0, 3)
    body = {"person_id": me.id, "stand_in_id": other.id, "why": "cuti tahunan", **when}
    made = await people["petugas"].post("/api/v1/absences", json=body)
    assert made.status_code == 201, made.text
    # The other one works in another unit: said at once, and on the page.
    assert made.json()["warnings"] == ["stand_in_sees_nothing"]
    page = await people["petugas"].get("/admin/ketidakhadiran", headers={"Accept": "text/html"})
    assert f"{other.name} tidak dapat melihat kasus {me.name}" in page.text
    at = datetime.fromisoformat(when["starts_at"])
    office = await the_office.office()
    assert not office.present(me, at)
    assert office.stand_in(me, at) == other
    assert [row["id"] for row in (await people["petugas2"].get("/api/v1/absences")).json()["items"]] == [
        made.json()["id"]
    ], "who stands in sees it"
    assert (await people["petugas2"].delete(f"/api/v1/absences/{made.json()['id']}")).status_code == 404
    assert (await people["petugas"].delete(f"/api/v1/absences/{made.json()['id']}")).status_code == 204
    assert (await people["petugas"].delete(f"/api/v1/absences/{made.json()['id']}")).status_code == 404
    assert (await the_office.office()).present(me, at)
    async with the_office.services.database.connection() as connection:
        log = await connection.fetch("SELECT body FROM office_event WHERE what = 'absence' ORDER BY id DESC LIMIT 2")
    assert ['"act":"revoked"' in log[0]["body"], '"act":"added"' in log[1]["body"]] == [True, True]


async def test_who_may_plan_whom(people: dict[str, httpx.AsyncClient], the_office: TheOffice) -> None:
    officer, elsewhere = await the_office.person("petugas"), await the_office.person("petugas2")
    when = await time_of(the_office, 10, 11)

    async def enter(who: str, person_id: int, kind: str = "absences", **more: object) -> int:
        answer = await people[who].post(f"/api/v1/{kind}", json={"person_id": person_id, **when, **more})
        return answer.status_code

    assert await enter("petugas", elsewhere.id) == 403
    assert await enter("kepala", officer.id) == 201
    assert await enter("admin", elsewhere.id) == 201
    when = await time_of(the_office, 20, 21)
    office = await the_office.office()
    slug = office.units[officer.unit_id].slug
    assert await enter("petugas", officer.id, "duties", unit=slug) == 403
    assert await enter("petugas", officer.id, "duties") == 403
    assert await enter("atasan", officer.id, "duties") == 403, "the whole office is not the supervisor's"
    assert await enter("kepala", officer.id, "duties", unit=slug) == 201
    assert await enter("kepala", officer.id, "duties") == 201
    assert len((await people["petugas2"].get("/api/v1/duties")).json()["items"]) == 2


async def test_absences_are_refused_by_name(people: dict[str, httpx.AsyncClient], the_office: TheOffice) -> None:
    officer, other = await the_office.person("petugas"), await the_office.person("petugas2")
    admin = people["admin"]

    async def enter(begin: int, end: int, **more: object) -> httpx.Response:
        body = {"person_id": officer.id, **await time_of(the_office, begin, end), **more}
        return await admin.post("/api/v1/absences", json=body)

    assert first_error(await enter(5, 5)) == ("/ends_at", "end_not_after_start")
    assert first_error(await enter(5, 4)) == ("/ends_at", "end_not_after_start")
    assert first_error(await enter(-210, -205)) == ("/ends_at", "past")
    assert first_error(await enter(0, 401)) == ("/ends_at", "too_long")
    assert first_error(await enter(1000, 1001)) == ("/starts_at", "too_far")
    assert first_error(await enter(0, 1, stand_in_id=officer.id)) == ("/stand_in_id", "oneself")
    assert first_error(await enter(0, 1, stand_in_id=999_999)) == ("/stand_in_id", "unknown_person")
    assert first_error(await enter(0, 1, person_id=999_999)) == ("/person_id", "unknown_person")
    assert first_error(await enter(0, 1, stand_in_id=2**40))[0] == "/stand_in_id"
    assert first_error(await enter(0, 1, starts_at="besok"))[0] == "/starts_at"
    assert first_error(await enter(0, 1, starts_at="2027-06-01T08:00:00"))[0] == "/starts_at", "without a zone"
    assert first_error(await enter(0, 1, why="x" * 201))[0] == "/why"
    assert (await enter(0, 5)).status_code == 201
    assert first_error(await enter(4, 6)) == ("/starts_at", "overlap")
    assert (await enter(5, 6)).status_code == 201, "the end is not included"
    refused = await enter(2, 3, person_id=other.id, stand_in_id=officer.id)
    assert first_error(refused) == ("/stand_in_id", "absent")
    assert officer.name in refused.json()["errors"][0]["detail"]


async def test_duties_are_refused_by_name_and_known_to_the_ladder(
    people: dict[str, httpx.AsyncClient], the_office: TheOffice
) -> None:
    officer = await the_office.person("petugas")
    admin = people["admin"]

    async def enter(begin: int, end: int, **more: object) -> httpx.Response:
        body = {"person_id": officer.id, **await time_of(the_office, begin, end), **more}
        return await admin.post("/api/v1/duties", json=body)

    made = await enter(0, 2)
    assert made.status_code == 201
    assert [duty.person_id for duty in (await the_office.office()).duties] == [officer.id]
    assert first_error(await enter(1, 3)) == ("/starts_at", "overlap")
    assert (await enter(2, 3)).status_code == 201
    assert (await enter(1, 3, unit="lantaskim")).status_code == 201, "for a unit beside the whole office"
    assert first_error(await enter(1, 3, unit="tidak-ada")) == ("/unit", "unknown_unit")
    assert first_error(await enter(3, 3)) == ("/ends_at", "end_not_after_start")
    away = {"person_id": officer.id, **await time_of(the_office, 5, 8)}
    assert (await admin.post("/api/v1/absences", json=away)).status_code == 201
    assert first_error(await enter(6, 7)) == ("/person_id", "absent")
    assert (await admin.delete(f"/api/v1/duties/{made.json()['id']}")).status_code == 204
    assert (await admin.delete("/api/v1/duties/99999999999999999999")).status_code == 404
    assert len((await the_office.office()).duties) == 2


@pytest.mark.parametrize("kind", ["absences", "duties"])
async def test_who_takes_a_plan_back_can_say_why(
    people: dict[str, httpx.AsyncClient], the_office: TheOffice, kind: str
) -> None:
    person = await the_office.person("petugas")
    made = await people["admin"].post(
        f"/api/v1/{kind}", json={"person_id": person.id, **await time_of(the_office, 40, 41)}
    )
    path = f"/api/v1/{kind}/{made.json()['id']}"
    assert first_error(await people["admin"].delete(path, params={"why": "x" * 201})) == ("/why", "too_long")
    assert first_error(await people["admin"].delete(path, params={"why": "a\0"})) == ("/why", "too_long")
    assert (await people["admin"].delete(path, params={"why": "tukar jadwal"})).status_code == 204
    async with the_office.services.database.connection() as connection:
        why = await connection.fetchval(
            "SELECT why FROM office_event WHERE what = $1 ORDER BY id DESC LIMIT 1",
            {"absences": "absence", "duties": "duty"}[kind],
        )
    assert why == "tukar jadwal"
