"""Calendars are published as versions: by administrators, with a reason, never over somebody else's, never one that is no calendar."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from complaints_service.accounts.model import Via, Viewer
from complaints_service.management.calendars.edit import with_day_closed
from complaints_service.management.calendars.model import Draft, NewVersion
from complaints_service.management.calendars.service import Calendars
from complaints_service.management.settings_events import Setting, list_office_events, office_event
from complaints_service.settings import Settings
from complaints_service.sla.calendar_document import DayNote
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def admin(app: Any, the_office: TheOffice) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator; what a test publishes is taken back when it ends."""
    async with client_of(app) as client:
        await sign_in(client, the_office, "admin")
        before = await newest(client)
        yield client
        after = await newest(client)
        if after["document"] != before["document"]:
            back = await publish(client, before["document"], why="kembali seperti semula")
            assert back.status_code == 201, back.text


async def sign_in(client: httpx.AsyncClient, the_office: TheOffice, username: str) -> None:
    credentials = {"username": username, "password": the_office.passwords[username]}
    answer = await client.post("/api/v1/session", json=credentials)
    client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]


async def newest(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/api/v1/calendars")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()["items"][0]
    return found


async def publish(client: httpx.AsyncClient, document: object, /, **other: object) -> httpx.Response:
    """Publish on top of the newest version."""
    known = (await newest(client))["version"]
    body = {"document": document, "why": "uji coba", "if_version": known} | other
    return await client.post("/api/v1/calendars", json=body)


def closed_on(document: dict[str, Any], day: str) -> dict[str, Any]:
    return {**document, "days_off": [*document["days_off"], day]}


async def test_a_new_version_counts_at_once_and_the_log_knows_who_and_why(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    before = await newest(admin)
    answer = await publish(admin, closed_on(before["document"], "2027-06-15"), why="Banjir di jalan utama")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["version"] == before["version"] + 1
    assert made["confirmed_through"] == before["confirmed_through"]
    office = await the_office.office()
    assert office.latest_calendar().version == made["version"]
    assert "2027-06-15" in office.latest_calendar().document
    database = the_office.services.database
    event = (await list_office_events(database, office.id, [Setting.CALENDAR], most=1))[0]
    assert (event.person_id, event.why, event.subject) == (
        (await the_office.person("admin")).id,
        "Banjir di jalan utama",
        str(made["version"]),
    )
    assert event == await office_event(database, office.id, event.id)
    assert await office_event(database, office.id, 2**70) is None
    older = await list_office_events(database, office.id, [Setting.CALENDAR], before=event.id)
    assert event.id not in {each.id for each in older}
    async with database.connection() as connection:
        work = await connection.fetchval(
            "SELECT count(*) FROM recompute WHERE office_id = $1 AND cause = 'calendar' AND version = $2",
            office.id,
            made["version"],
        )
    assert work == 1


async def test_without_open_tickets_there_is_no_work_to_do(admin: httpx.AsyncClient, the_office: TheOffice) -> None:
    before = await newest(admin)
    made = (await publish(admin, closed_on(before["document"], "2027-06-16"), applies_to_open=False)).json()
    async with the_office.services.database.connection() as connection:
        work = await connection.fetchval("SELECT count(*) FROM recompute WHERE version = $1", made["version"])
    assert work == 0
    assert made["applies_to_open"] is False


MISTAKES: list[tuple[dict[str, object], str | None, str]] = [
    ({"weekly": {"mon": [["09:00", "08:00"]]}}, "/document/weekly/mon/0", "end_not_after_start"),
    (
        {"weekly": {"tue": [["08:00", "12:00"], ["11:00", "13:00"]]}},
        "/document/weekly/tue/1",
        "overlapping_periods",
    ),
    ({"weekly": {"mon": [["25:00", "26:00"]]}}, "/document/weekly/mon/0/0", "bad_time"),
    ({"time_zone": "Mars/Phobos"}, "/document/time_zone", "unknown_zone"),
    ({"days_off": ["2027-02-31"]}, "/document/days_off/0", "bad_date"),
    (
        {"special": [{"from": "2027-03-02", "to": "2027-03-01", "weekly": {}}]},
        "/document/special/0",
        "end_before_start",
    ),
    ({"extra": [{"date": "2027-03-02", "hours": []}] * 2}, "/document/extra/1/date", "date_twice"),
    ({"weekly": {}, "special": [], "extra": []}, "/document", "never_open"),
    ({"notes": {"kapan-kapan": {"name": "x"}}}, "/document/notes", "bad_date"),
    ({"notes": {"2027-03-02": {"name": "x" * 201}}}, None, "wrong_shape"),
    ({"weekly": None}, "/document/weekly", "wrong_shape"),
    ({"unbekannt": 1}, "/document", "wrong_shape"),
]


@pytest.mark.parametrize(("change", "pointer", "code"), MISTAKES)
async def test_what_is_no_calendar_is_refused_by_name_and_place_and_nothing_is_saved(
    admin: httpx.AsyncClient, change: dict[str, object], pointer: str | None, code: str
) -> None:
    before = await newest(admin)
    for language in ("id", "en"):
        admin.headers["Accept-Language"] = language
        answer = await publish(admin, before["document"] | change)
        assert answer.status_code == 422, answer.text
        error = answer.json()["errors"][0]
        assert error["code"] == code
        assert pointer is None or error["pointer"] == pointer
    assert await newest(admin) == before


@pytest.mark.parametrize(
    "change",
    [
        {"why": ""},
        {"why": "x" * 2001},
        {"why": None},
        {"if_version": 0},
        {"if_version": "1"},
        {"if_version": None},
        {"if_version": 2**40},
        {"applies_to_open": "ya"},
        {"confirmed_through": "2027-02-30"},
        {"document": None},
        {"document": []},
        {"lain": 1},
    ],
)
async def test_a_wrong_request_is_refused(admin: httpx.AsyncClient, change: dict[str, object]) -> None:
    before = await newest(admin)
    answer = await publish(admin, closed_on(before["document"], "2027-06-17"), **change)
    assert answer.status_code == 422, answer.text
    assert await newest(admin) == before


async def test_nobody_publishes_over_somebody_elses_calendar(admin: httpx.AsyncClient) -> None:
    before = await newest(admin)
    bodies = [
        {"document": closed_on(before["document"], day), "why": "bersamaan", "if_version": before["version"]}
        for day in ("2027-06-21", "2027-06-22", "2027-06-23")
    ]
    answers = await asyncio.gather(*(admin.post("/api/v1/calendars", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412]
    assert (await newest(admin))["version"] == before["version"] + 1
    same = await publish(admin, (await newest(admin))["document"])
    assert (same.status_code, same.json()["code"]) == (409, "nothing_changed")


async def test_another_zone_is_what_people_read_too(admin: httpx.AsyncClient, the_office: TheOffice) -> None:
    before = await newest(admin)
    answer = await publish(admin, before["document"] | {"time_zone": "Asia/Makassar"}, applies_to_open=False)
    assert answer.status_code == 201
    assert (await the_office.office()).time_zone == "Asia/Makassar"
    await publish(admin, before["document"], applies_to_open=False)
    assert (await the_office.office()).time_zone == before["document"]["time_zone"]


@pytest.mark.parametrize("username", ["petugas", "atasan", "kepala", "kanwil"])
async def test_only_administrators_publish(
    app: Any, admin: httpx.AsyncClient, the_office: TheOffice, username: str
) -> None:
    before = await newest(admin)
    async with client_of(app) as client:
        await sign_in(client, the_office, username)
        body = {"document": before["document"], "why": "coba", "if_version": before["version"]}
        assert (await client.post("/api/v1/calendars", json=body)).status_code == 403
        assert (await client.get("/api/v1/calendars")).status_code == 403
        del client.headers["X-CSRF-Token"]
    async with client_of(app) as stranger:
        assert (await stranger.post("/api/v1/calendars", json={})).status_code == 401


async def test_a_draft_is_brought_on_top_of_what_somebody_else_has_published(
    admin: httpx.AsyncClient, the_office: TheOffice
) -> None:
    services = the_office.services
    calendars = Calendars(services.database, services.offices, services.clock)
    me, other = await viewer_of(the_office, "admin"), await viewer_of(the_office, "kepala")
    latest = await calendars.latest(me.office.id)

    def closing(draft: Draft) -> Draft:
        return msgspec.structs.replace(draft, document=with_day_closed(draft.document, "2027-06-15", DayNote("Banjir")))

    await calendars.change_draft(me, closing)
    theirs = with_day_closed(latest.document, "2027-06-16", DayNote("Pindah gedung"))
    await calendars.publish(
        other,
        NewVersion(
            document=theirs,
            confirmed_through=latest.confirmed_through,
            why="pindah",
            applies_to_open=False,
            if_version=latest.version,
        ),
    )
    held = await calendars.draft(me)
    assert held is not None
    assert held.base == latest.version
    assert "2027-06-16" not in held.document.days_off
    renewed = await calendars.renew_draft(me)
    assert renewed is not None
    assert renewed == msgspec.structs.replace(renewed, base=latest.version + 1)
    assert {"2027-06-15", "2027-06-16"} <= set(renewed.document.days_off)
    await calendars.drop_draft(me)
    assert await calendars.renew_draft(me) is None


async def viewer_of(the_office: TheOffice, username: str) -> Viewer:
    """A person as signed in."""
    person, office = await the_office.person(username), await the_office.office()
    return Viewer(person=person, office=office, scopes=frozenset(), via=Via.COOKIE)
