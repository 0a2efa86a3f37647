"""Whose case was merged hears what became of the one it goes on with, by their own number, and can bring their own back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import httpx
import pytest

from complaints_service.tickets import commands as c
from complaints_service.tickets.filed import Filed
from complaints_service.tickets.model import Status
from tests.app_client import opened_app
from tests.servers import Running
from tests.service.outbox_room import Room, a_room

TEN_SECONDS = timedelta(seconds=11)
ANSWER = "Kuota dibuka lagi setiap Senin pukul delapan."


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("merged")) as opened:
        yield opened


async def merged_into_one(room: Room, name: str, *, chain: int = 2) -> list[Filed]:
    """``chain`` cases, each merged into the next one; the last is in progress. Everything sent so far has left."""
    cases = [
        await room.office.file(
            reporter_email=f"{name}{place}@example.org", description=f"Kuota {name} {place} selalu habis."
        )
        for place in range(chain)
    ]
    for one, into in pairwise(cases):
        await room.office.act(one.number, c.Merge(into=into.number), "petugas")
    await room.office.act(cases[-1].number, c.Verify(), "petugas")
    await room.office.act(cases[-1].number, c.Start(), "petugas")
    await room.office.move_clock(TEN_SECONDS)
    await room.deliver()
    room.postbox.taken.clear()
    return cases


async def test_an_answer_reaches_every_reporter_in_the_thread_of_their_own_case(room: Room) -> None:
    first, second, last = await merged_into_one(room, "antre", chain=3)
    file = await room.office.file_of(last.number)
    assert file.merged_here == 2
    await room.office.act(last.number, c.Answer(text=ANSWER, resolves=True), "petugas")
    assert await room.deliver() == 0
    await room.office.move_clock(TEN_SECONDS)
    await room.deliver()
    for place, case in ((0, first), (1, second)):
        (mail,) = room.postbox.to(f"antre{place}@example.org")
        assert case.number in mail.subject
        assert ANSWER in mail.text
        assert last.number not in mail.text + mail.html + mail.subject
        assert "antre 2" not in mail.text
    (own,) = room.postbox.to("antre2@example.org")
    assert last.number in own.subject


async def test_what_is_taken_back_is_told_to_nobody(room: Room) -> None:
    one, into = await merged_into_one(room, "salah")
    deed = await room.office.act(into.number, c.Reject(reason="Bukan wewenang", text="Salah tekan."), "petugas")
    await room.office.act(into.number, c.Undo(event=deed.events[0].seq), "petugas")
    await room.office.move_clock(TEN_SECONDS)
    await room.deliver()
    assert room.postbox.taken == []
    assert (await room.office.file_of(one.number)).ticket.status is Status.MERGED


async def test_that_the_other_reporter_has_withdrawn_is_told_and_a_reply_brings_the_own_case_back(room: Room) -> None:
    one, into = await merged_into_one(room, "tarik")
    await room.office.reporter_acts(into, c.Withdraw())
    await room.deliver()
    (mail,) = room.postbox.to("tarik0@example.org")
    assert one.number in mail.subject
    assert "berakhir" in mail.subject
    acted = await room.office.reporter_acts(one, c.Reply(text="Masalah saya belum selesai."))
    assert (acted.ticket.status, acted.ticket.merged_into) == (Status.IN_PROGRESS, None)
    file = await room.office.file_of(one.number)
    answer = next(d for d in file.deadlines if d.target == "answer" and d.episode == acted.ticket.episode)
    assert answer.runs
    assert await room.office.timers(one.number)
    room.postbox.taken.clear()
    await room.office.reporter_acts(into, c.Reply(text="Saya lanjutkan juga."))
    await room.deliver()
    assert room.postbox.to("tarik0@example.org") == []


async def test_the_page_of_a_merged_case_says_how_the_other_one_stands_and_not_which_it_is(room: Room) -> None:
    one, into = await merged_into_one(room, "laman")
    await room.office.act(into.number, c.Answer(text=ANSWER, resolves=True), "petugas")
    async with opened_app(room.services.settings, room.services) as client:
        client.headers["Accept-Language"] = "id"
        before = await _page(client, one)
        assert "keadaannya: Diproses" in before
        assert ANSWER not in before
        await room.office.move_clock(TEN_SECONDS)
        page = await _page(client, one)
        assert "keadaannya: Ditanggapi" in page
        assert ANSWER in page
        assert into.number not in page
        assert "laman 1" not in page
        api = await client.get(
            f"/api/v1/complaints/{one.number}", headers={"Authorization": f"Bearer {one.tracking_code}"}
        )
        assert into.number not in api.text
        assert "Ditanggapi" in api.json()["next_step"]
        thanks = await room.office.reporter_acts(one, c.Reply(text="Terima kasih.", resolved=True))
        assert thanks.ticket.status is Status.MERGED


async def _page(client: httpx.AsyncClient, filed: Filed) -> str:
    await client.post("/lacak", data={"number": filed.number, "code": filed.tracking_code})
    return (await client.get(f"/t/{filed.number}")).text


async def test_the_officer_is_told_who_else_reads_the_answer(room: Room) -> None:
    _, into = await merged_into_one(room, "meja")
    async with opened_app(room.services.settings, room.services) as client:
        credentials = {"username": "petugas", "password": room.office.passwords["petugas"]}
        assert (await client.post("/api/v1/session", json=credentials)).status_code == 200
        page = await client.get(f"/desk/t/{into.number}", headers={"Accept": "text/html", "Accept-Language": "id"})
    assert page.text.count("Juga sampai ke 1 pelapor") >= 1
