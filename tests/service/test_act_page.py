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
from tests.service.test_outbox_links import escalated, events, press, sign_in


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("act-page")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def web(room: Room) -> AsyncIterator[httpx.AsyncClient]:
    async with opened_app(room.services.settings, room.services) as client:
        await sign_in(room, client)
        yield client


@pytest.fixture
async def elsewhere(web: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """Another device: the same service, none of the cookies."""
    transport = web._transport
    async with httpx.AsyncClient(transport=transport, base_url=web.base_url) as client:
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


async def test_a_mail_that_was_passed_on_does_nothing_for_a_colleague(
    room: Room, web: httpx.AsyncClient, elsewhere: httpx.AsyncClient
) -> None:
    filed, path = await escalated(room)
    await sign_in(room, elsewhere, "petugas2")
    shown = await elsewhere.get(path)
    assert "Tautan ini milik" in shown.text
    assert "data-deed" not in shown.text
    mark = (await web.get(path)).text.split('name="page" value="')[1].split('"')[0]
    assert (await elsewhere.post(path, data={"do": "acknowledge", "page": mark})).status_code == 403
    assert "acknowledged" not in await events(room, filed)
    assert "Terima kasih" in (await press(web, path, "acknowledge")).text


async def test_a_mail_that_was_passed_on_does_nothing_for_who_is_not_signed_in(
    room: Room, web: httpx.AsyncClient, elsewhere: httpx.AsyncClient
) -> None:
    filed, path = await escalated(room)
    shown = await elsewhere.get(path)
    assert shown.status_code == 200
    assert f'href="/masuk?next={path}"' in shown.text
    assert "data-deed" not in shown.text
    mark = (await web.get(path)).text.split('name="page" value="')[1].split('"')[0]
    for form in ({"do": "acknowledge", "page": mark}, {"do": "take_over", "page": mark}, {}):
        refused = await elsewhere.post(path, data=form)
        assert refused.status_code == 403
        assert "Masuk dan lanjutkan" in refused.text
    assert not {"acknowledged", "assigned"} & set(await events(room, filed))
    assert "Terima kasih" in (await press(web, path, "acknowledge")).text


async def test_where_the_receiver_signed_in_before_one_press_is_enough(
    room: Room, elsewhere: httpx.AsyncClient
) -> None:
    await sign_in(room, elsewhere)
    elsewhere.cookies.delete("session")  # as after a night
    filed, path = await escalated(room)
    assert "Terima kasih" in (await press(elsewhere, path, "acknowledge")).text
    assert (await events(room, filed))[-1] == "acknowledged"


async def test_a_colleagues_own_device_is_somebody_elses(room: Room, elsewhere: httpx.AsyncClient) -> None:
    await sign_in(room, elsewhere, "petugas2")
    elsewhere.cookies.delete("session")
    filed, path = await escalated(room)
    assert "Masuk dan lanjutkan" in (await press(elsewhere, path, "acknowledge")).text
    assert "acknowledged" not in await events(room, filed)


async def test_after_signing_out_the_device_is_nobodys(room: Room, elsewhere: httpx.AsyncClient) -> None:
    await sign_in(room, elsewhere)
    csrf = (await elsewhere.get("/api/v1/session")).json()["csrf_token"]
    gone = await elsewhere.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
    assert gone.status_code == 204
    filed, path = await escalated(room)
    assert "Masuk dan lanjutkan" in (await press(elsewhere, path, "acknowledge")).text
    assert "acknowledged" not in await events(room, filed)


@pytest.mark.parametrize("forged", ["", "x", "1.x", "99999999999.", f"1764400000.{'0' * 64}", "9" * 90 + ".x", "-1.x"])
async def test_a_forged_own_device_is_nobodys(room: Room, elsewhere: httpx.AsyncClient, forged: str) -> None:
    filed, path = await escalated(room)
    elsewhere.cookies.set("own-device", forged)
    assert "Masuk dan lanjutkan" in (await press(elsewhere, path, "acknowledge")).text
    assert "acknowledged" not in await events(room, filed)


async def test_signing_in_leads_back_to_the_page_of_the_mail(room: Room, elsewhere: httpx.AsyncClient) -> None:
    filed, path = await escalated(room)
    form = {"username": "atasan", "password": room.office.passwords["atasan"], "next": path}
    signed_in = await elsewhere.post("/masuk", data=form)
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, path)
    assert "Terima kasih" in (await press(elsewhere, path, "acknowledge")).text
    assert (await events(room, filed))[-1] == "acknowledged"
