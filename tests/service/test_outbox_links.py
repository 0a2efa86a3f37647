"""The one button of an escalation mail (/a/<token>) and the reporter's link (/m/<token>)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from complaints_service.errors import NotFound
from complaints_service.tickets import commands as c
from complaints_service.tickets.filed import Filed
from tests.app_client import opened_app
from tests.servers import Running
from tests.service.outbox_room import Room, a_room


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("links")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def web(room: Room) -> AsyncIterator[httpx.AsyncClient]:
    async with opened_app(room.services.settings, room.services) as client:
        await sign_in(room, client)
        yield client


async def sign_in(room: Room, web: httpx.AsyncClient, username: str = "atasan") -> None:
    """On the device of this client, as whoever the mails here go to."""
    body = {"username": username, "password": room.office.passwords[username]}
    assert (await web.post("/api/v1/session", json=body)).status_code == 200


async def escalated(room: Room, username: str = "atasan") -> tuple[Filed, str]:
    """A case that has escalated to somebody, and the path of the button in the mail."""
    await room.office.move_clock(timedelta(minutes=61))  # nobody gets more than five an hour
    filed = await room.office.file()
    await room.escalate([(filed.ticket_id, filed.number)], username)
    await room.deliver()
    person = await room.office.person(username)
    text = room.postbox.to(person.email or "")[-1].text
    return filed, "/a/" + text.split("/a/")[1].split()[0]


async def press(web: httpx.AsyncClient, path: str, deed: str, **fields: str) -> httpx.Response:
    """Open the page and send one of its forms."""
    shown = (await web.get(path)).text
    mark = re.search(r'name="page" value="([^"]+)"', shown)
    return await web.post(path, data={"do": deed, "page": mark[1] if mark else "", **fields})


async def events(room: Room, filed: Filed) -> list[str]:
    return [event.type for event in (await room.office.file_of(filed.number)).events]


async def test_looking_changes_nothing_however_often_a_mail_scanner_looks(room: Room, web: httpx.AsyncClient) -> None:
    filed, path = await escalated(room)
    before = await events(room, filed)
    used = await room.admin.fetchval("SELECT count(*) FROM link WHERE used_at IS NOT NULL")
    for _ in range(3):
        assert (await web.head(path)).status_code == 200
        page = await web.get(path)
    assert page.status_code == 200
    assert filed.number in page.text
    assert page.text.count('<form method="post" action=""') >= 1
    assert "Siti" not in page.text
    assert page.headers["cache-control"].startswith("no-store")
    assert page.headers["referrer-policy"] == "no-referrer"
    assert await events(room, filed) == before
    assert await room.admin.fetchval("SELECT count(*) FROM link WHERE used_at IS NOT NULL") == used


async def test_the_button_acknowledges_in_the_receivers_name_once(room: Room, web: httpx.AsyncClient) -> None:
    filed, path = await escalated(room)
    done = await press(web, path, "acknowledge")
    assert done.status_code == 200
    assert "Terima kasih" in done.text
    last = (await room.office.file_of(filed.number)).events[-1]
    assert (last.type, last.person_id) == ("acknowledged", (await room.office.person("atasan")).id)
    again = await press(web, path, "acknowledge")
    assert "Tautan ini sudah dipakai" in again.text
    assert (await events(room, filed)).count("acknowledged") == 1


async def test_two_clicks_at_once_act_once(room: Room, web: httpx.AsyncClient) -> None:
    filed, path = await escalated(room)
    answers = await asyncio.gather(*(press(web, path, "acknowledge") for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert sum("Terima kasih" in answer.text for answer in answers) == 1
    assert (await events(room, filed)).count("acknowledged") == 1


async def test_who_may_take_the_case_over_by_the_second_button(room: Room, web: httpx.AsyncClient) -> None:
    filed, path = await escalated(room)
    assert "take_over" in (await web.get(path)).text
    assert (await press(web, path, "take_over")).status_code == 200
    file = await room.office.file_of(filed.number)
    assert file.ticket.assignee_id == (await room.office.person("atasan")).id
    assert file.events[-1].type == "assigned"


async def test_a_link_to_a_case_that_has_moved_on_tells_what_happened_and_acts_no_more(
    room: Room, web: httpx.AsyncClient
) -> None:
    filed, path = await escalated(room)
    await room.office.act(filed.number, c.Verify(), "petugas")
    for page in (await web.get(path), await press(web, path, "acknowledge")):
        assert page.status_code == 200
        assert "Tiket sudah berubah" in page.text
        assert "Diverifikasi" in page.text
        assert "<button" not in page.text.split("<main")[1].split("</main>")[0]
    assert "acknowledged" not in await events(room, filed)


async def test_a_link_ends_after_72_hours_of_office_time(room: Room, web: httpx.AsyncClient) -> None:
    filed, path = await escalated(room)
    await room.office.move_clock(timedelta(hours=71, minutes=59))
    assert (await web.get(path)).status_code == 200
    await room.office.move_clock(timedelta(minutes=2))
    assert (await web.get(path)).status_code == 404
    assert (await press(web, path, "acknowledge")).status_code == 404
    assert "acknowledged" not in await events(room, filed)


@pytest.mark.parametrize("token", ["x", "a" * 43, "a" * 5000, "%00", "..%2F..%2Fetc", "%F0%9F%98%80"])
async def test_a_forged_link_opens_nothing(room: Room, web: httpx.AsyncClient, token: str) -> None:
    for answer in (await web.get(f"/a/{token}"), await web.post(f"/a/{token}", data={"do": "acknowledge"})):
        assert answer.status_code in (400, 404, 414)


async def test_a_link_gives_no_more_than_its_receiver_has(room: Room, web: httpx.AsyncClient) -> None:
    filed, path = await escalated(room)
    person = await room.office.person("atasan")
    await room.admin.execute("UPDATE ticket SET reported_people = $1 WHERE id = $2", [person.id], filed.ticket_id)
    assert (await web.get(path)).status_code == 404
    assert (await press(web, path, "acknowledge")).status_code == 404
    assert "acknowledged" not in await events(room, filed)


async def test_the_link_of_somebody_who_left_is_dead(room: Room, web: httpx.AsyncClient) -> None:
    _, path = await escalated(room)
    try:
        await room.admin.execute("UPDATE person SET active = false WHERE username = 'atasan'")
        await room.services.offices.refresh()
        assert (await web.get(path)).status_code == 404
    finally:
        await room.admin.execute("UPDATE person SET active = true WHERE username = 'atasan'")
        await room.services.offices.refresh()


async def test_the_token_itself_is_not_stored(room: Room) -> None:
    _, path = await escalated(room)
    token = path.removeprefix("/a/")
    rows = await room.admin.fetch("SELECT * FROM link UNION ALL SELECT * FROM link")
    assert rows
    assert token not in str([dict(row) for row in rows])
    assert token not in str([dict(row) for row in await room.rows()])


async def test_the_reporters_link_opens_one_ticket_for_30_days_and_is_no_button_for_the_office(room: Room) -> None:
    filed = await room.office.file()
    await room.deliver()
    token = room.postbox.to("siti@example.org")[-1].text.split("/m/")[1].split()[0]
    assert await room.services.links.open_ticket(token) == (1, filed.ticket_id)
    with pytest.raises(NotFound):
        await room.services.links.look(token)
    await room.office.move_clock(timedelta(days=30, minutes=1))
    with pytest.raises(NotFound):
        await room.services.links.open_ticket(token)


async def test_what_happened_last_leaves_out_rungs_that_told_nobody(room: Room, web: httpx.AsyncClient) -> None:
    filed = await room.office.file()
    await room.office.act(filed.number, c.Verify(), "petugas")
    await room.office.move_clock(timedelta(days=60))
    while await room.office.fire():
        pass
    covered = [e for e in (await room.office.file_of(filed.number)).events if e.values().get("mail") is False]
    assert len(covered) >= 3
    await room.escalate([(filed.ticket_id, filed.number)], "atasan")
    await room.deliver()
    text = next(
        mail.text
        for mail in reversed(room.postbox.to((await room.office.person("atasan")).email or ""))
        if filed.number in mail.text and "/a/" in mail.text
    )
    page = await web.get("/a/" + text.split("/a/")[1].split()[0])
    for told in (text, page.text):
        assert "disampaikan bersama jenjang yang lebih tinggi" not in told
        assert "Peristiwa terakhir" in told
