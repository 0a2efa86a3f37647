"""A word of the reporter's is never dropped: not in the ten seconds of an officer's deed, and not after a lapse."""

from __future__ import annotations

from datetime import timedelta

import pytest

from complaints_service.errors import Invalid, Refused
from complaints_service.intake.complaint_form import ComplaintBody, ReportedBody, to_complaint
from complaints_service.tickets import commands as c
from complaints_service.tickets.model import Channel, Status
from tests.office import TheOffice


async def test_a_reply_in_the_ten_seconds_after_a_rejection_is_kept_and_read_by_the_office(
    the_office: TheOffice,
) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.Reject(reason="bukan wewenang", text="Maaf."), "petugas")
    replied = await the_office.reporter_acts(filed, c.Reply(text="Ada bukti tambahan."))
    assert replied.ticket.status is Status.REJECTED
    assert "Ada bukti tambahan." in [m.text for m in (await the_office.file_of(filed.number)).messages]
    await the_office.move_clock(timedelta(seconds=11))
    with pytest.raises(Refused):
        await the_office.reporter_acts(filed, c.Reply(text="Masih ada lagi."))


async def test_a_lapsed_case_comes_back_with_a_word_of_the_reporter(the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas")
    await the_office.act(filed.number, c.Ask(text="Nomor permohonan?"), "petugas")
    await the_office.move_clock(timedelta(days=31))
    await the_office.fire()
    assert (await the_office.file_of(filed.number)).ticket.status is Status.WITHDRAWN
    back = await the_office.reporter_acts(filed, c.Reply(text="Nomornya 12345."))
    assert (back.ticket.status, back.ticket.episode) == (Status.IN_PROGRESS, 1)
    assert {t["target"] for t in await the_office.timers(filed.number)} == {"answer", "sign"}


async def test_a_split_is_verified_anew_from_the_day_it_was_split(the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas")
    await the_office.move_clock(timedelta(days=12))
    split = await the_office.act(filed.number, c.Split(text="Petugas loket juga tidak ramah."), "petugas")
    assert split.created_number is not None
    await the_office.fire()
    rungs = [
        e.values()["rung"] for e in (await the_office.file_of(split.created_number)).events if e.type == "rung_fired"
    ]
    assert [rung for rung in rungs if str(rung).startswith("verify")] == []


async def test_a_complaint_about_the_unit_at_the_top_is_told_the_way_outside_and_is_not_given_to_that_unit(
    the_office: TheOffice,
) -> None:
    body = ComplaintBody(description="Aturan dari pusat menyulitkan warga.", reported=ReportedBody(unit="ditjen"))
    with pytest.raises(Invalid) as refusal:
        to_complaint(body, await the_office.office(), Channel.WEB, now=await the_office.now())
    assert [(p.pointer, p.code) for p in refusal.value.problems] == [("/reported/unit", "no_superior")]
    below = ComplaintBody(description="Aturan dari wilayah menyulitkan.", reported=ReportedBody(unit="kanwil"))
    assert (
        to_complaint(below, await the_office.office(), Channel.WEB, now=await the_office.now()).reported_unit
        == "kanwil"
    )
