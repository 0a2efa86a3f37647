"""Everything that can be done on the page behind the button of a mail, and what does nothing there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from complaints_service.tickets import commands as c
from tests.app_client import opened_app
from tests.servers import Running
from tests.service.outbox_room import Room, a_room
from tests.service.test_outbox_links import escalated, events, press


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("act-page")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def web(room: Room) -> AsyncIterator[httpx.AsyncClient]:
    async with opened_app(room.services.settings, room.services) as client:
        yield client


async def test_a_form_that_was_not_sent_by_the_page_does_nothing(room: Room, web: httpx.AsyncClient) -> None:
    filed, path = await escalated(room)
    for blind in ({"do": "acknowledge"}, {"do": "acknowledge", "page": "x"}, {}):
        answer = await web.post(path, data=blind)
        assert answer.status_code == 200
        assert "Terima kasih" not in answer.text
    assert "acknowledged" not in await events(room, filed)
    assert "Terima kasih" in (await press(web, path, "acknowledge")).text


async def test_a_deed_that_is_not_offered_is_not_done(room: Room, web: httpx.AsyncClient) -> None:
    filed, path = await escalated(room)
    before = await events(room, filed)
    for deed in ("close", "reject", "grant_time", "answer", "../x", ""):
        assert (await press(web, path, deed, text="x" * 30, reason="x", working_days="3")).status_code == 200
    assert await events(room, filed) == before
    assert "Terima kasih" in (await press(web, path, "acknowledge")).text


async def test_the_case_is_given_to_a_colleague_of_its_unit(room: Room, web: httpx.AsyncClient) -> None:
    filed, path = await escalated(room)
    officer, stranger = await room.office.person("petugas"), await room.office.person("petugas2")
    shown = (await web.get(path)).text
    assert f'value="{officer.id}"' in shown
    wrong = await press(web, path, "assign", assignee=str(stranger.id))
    assert wrong.status_code == 422
    assert "Pilih petugas" in wrong.text
    empty = await press(web, path, "assign")
    assert empty.status_code == 422
    done = await press(web, path, "assign", assignee=str(officer.id))
    assert "Tiket kini pada rekan Anda" in done.text
    assert (await room.office.file_of(filed.number)).ticket.assignee_id == officer.id


async def test_an_answer_from_the_page_reaches_the_reporter(room: Room, web: httpx.AsyncClient) -> None:
    filed, _ = await escalated(room)
    await room.office.act(filed.number, c.Verify(), "petugas")
    await room.office.act(filed.number, c.Start(), "petugas")
    await room.escalate([(filed.ticket_id, filed.number)], "atasan")
    await room.deliver()
    text = room.postbox.to((await room.office.person("atasan")).email or "")[-1].text
    path = "/a/" + text.split("/a/")[1].split()[0]
    empty = await press(web, path, "answer", text="   ", resolves="true")
    assert empty.status_code == 422
    too_long = await press(web, path, "answer", text="x" * 10_001, resolves="true")
    assert too_long.status_code == 422
    assert "x" * 10_001 in too_long.text
    done = await press(web, path, "answer", text="Paspor Anda sudah dapat diambil.", resolves="true")
    assert "Tanggapan Anda sedang dikirim" in done.text
    file = await room.office.file_of(filed.number)
    assert (file.ticket.status, file.events[-1].type) == ("answered", "answered")


async def test_more_time_is_granted_or_refused_with_one_button(room: Room, web: httpx.AsyncClient) -> None:
    for deed, fields, event in (
        ("grant_time", {"working_days": "3"}, "time_granted"),
        ("refuse_time", {"reason": "Sudah cukup lama."}, "time_refused"),
    ):
        filed = await room.office.file()
        await room.office.act(filed.number, c.Verify(), "petugas")
        await room.office.act(filed.number, c.Start(), "petugas")
        await room.office.act(filed.number, c.RequestTime(reason="Berkas dari Kanwil", working_days=3), "petugas")
        await room.office.move_clock(timedelta(minutes=61))  # past the undo window and the hour of mails
        await room.deliver()
        mails = room.postbox.to((await room.office.person("atasan")).email or "")
        text = next(mail.text for mail in reversed(mails) if filed.number in mail.text and "/a/" in mail.text)
        path = "/a/" + text.split("/a/")[1].split()[0]
        assert "Beri 3 hari kerja" in (await web.get(path)).text
        assert "Terima kasih" in (await press(web, path, deed, **fields)).text
        assert (await events(room, filed))[-1] == event


async def test_a_mail_that_was_passed_on_does_nothing_for_somebody_else(room: Room, web: httpx.AsyncClient) -> None:
    filed, path = await escalated(room)
    password = room.office.passwords["petugas2"]
    signed_in = await web.post("/api/v1/session", json={"username": "petugas2", "password": password})
    assert signed_in.status_code == 200
    try:
        shown = await web.get(path)
        assert "Tautan ini milik" in shown.text
        assert "data-deed" not in shown.text
        await press(web, path, "acknowledge")
        assert "acknowledged" not in await events(room, filed)
    finally:
        web.cookies.clear()
    assert "Terima kasih" in (await press(web, path, "acknowledge")).text
